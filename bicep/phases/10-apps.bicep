metadata description = 'Phase 10, App Deployment: three applications, the operations\' Function app, and the alerts.'

@description('Required. Region.')
param location string

@minLength(13)
@maxLength(13)
@description('Required. Suffix of every name (D11).')
param suffix string

@description('Required. Id of the instance.')
param instanceId string

@description('Required. Size of the plan that the applications share.')
param planSize string

@description('Required. Tag of the images until they are pinned to digests (D5).')
param imageTag string

@description('Required. Azure Resource Manager, without a slash at its end.')
param armEndpoint string

@description('Required. Host of the customer\'s registry.')
param registryLoginServer string

@description('Required. Address of the storage account\'s blobs.')
param blobEndpoint string

@description('Required. Address of the storage account\'s queues.')
param queueEndpoint string

@description('Required. Address of the storage account\'s tables.')
param tableEndpoint string

@description('Required. URL of the Key Vault.')
param vaultUri string

@description('Required. Name of the event hub\'s namespace.')
param eventHubNamespaceName string

@description('Required. Name of the hub that alerts arrive at.')
param eventHubName string

@description('Required. Host of the hub.')
param eventHubFullyQualifiedNamespace string

@description('Required. Address that takes operations rows.')
param logsIngestionEndpoint string

@description('Required. Immutable id of the data collection rule.')
param ruleImmutableId string

@description('Required. Connection string of Application Insights.')
param insightsConnectionString string

@description('Required. Ids of the subnets, by name.')
param subnetResourceIds object

@description('Required. Ids of the private zones, by short name.')
param zoneResourceIds object

@description('Required. Id of the workspace that diagnostics go to and rules ask.')
param workspaceResourceId string

@description('Required. Entra tenant of the instance.')
param tenantId string

@description('Required. Client id of vibedata-uami.')
param clientId string

@description('Required. The rows of rbac.json for vibedata-uami.')
param assignments array

@description('Required. Object id of vibedata-uami.')
param principalId string

@description('Required. Id of vibedata-uami.')
param principalResourceId string

@description('Required. Whether the deployment comes from another tenant.')
param crossTenant bool

@description('Required. The rows of rbac.json for the action group.')
param actionGroupAssignments array

@description('Required. The rows of alert_rules.json.')
param alertRules array

// In the order in which they are needed; the images' repositories carry the same names.
var applications = [
  'api'
  'studio'
  'control-panel'
]

var monitoringSettings = [
  {
    name: 'APPLICATIONINSIGHTS_CONNECTION_STRING'
    value: insightsConnectionString
  }
  {
    name: 'APPLICATIONINSIGHTS_AUTHENTICATION_STRING'
    value: 'Authorization=AAD;ClientId=${clientId}'
  }
]

var applicationSettings = concat(monitoringSettings, [
  {
    name: 'AZURE_CLIENT_ID'
    value: clientId
  }
  {
    name: 'AZURE_TENANT_ID'
    value: tenantId
  }
  {
    name: 'VIBEDATA_API_URL'
    value: 'https://app-api-${suffix}.azurewebsites.net'
  }
  {
    name: 'VIBEDATA_INSTANCE_ID'
    value: instanceId
  }
  {
    name: 'VIBEDATA_KEY_VAULT_URL'
    value: vaultUri
  }
  {
    name: 'VIBEDATA_TABLE_ENDPOINT'
    value: tableEndpoint
  }
])

// The Functions host's own connections, and what vibedata/alert_settings.py reads.
var functionSettings = concat(monitoringSettings, [
  {
    name: 'AzureWebJobsStorage__credential'
    value: 'managedidentity'
  }
  {
    name: 'AzureWebJobsStorage__clientId'
    value: clientId
  }
  {
    name: 'AzureWebJobsStorage__blobServiceUri'
    value: blobEndpoint
  }
  {
    name: 'AzureWebJobsStorage__queueServiceUri'
    value: queueEndpoint
  }
  {
    name: 'AzureWebJobsStorage__tableServiceUri'
    value: tableEndpoint
  }
  {
    name: 'AlertQueue__credential'
    value: 'managedidentity'
  }
  {
    name: 'AlertQueue__clientId'
    value: clientId
  }
  {
    name: 'AlertQueue__queueServiceUri'
    value: queueEndpoint
  }
  {
    name: 'AlertHub__credential'
    value: 'managedidentity'
  }
  {
    name: 'AlertHub__clientId'
    value: clientId
  }
  {
    name: 'AlertHub__fullyQualifiedNamespace'
    value: eventHubFullyQualifiedNamespace
  }
  {
    name: 'VIBEDATA_ARM_ENDPOINT'
    value: armEndpoint
  }
  {
    name: 'VIBEDATA_AUTHORITY'
    value: environment().authentication.loginEndpoint
  }
  {
    name: 'VIBEDATA_BLOB_ENDPOINT'
    value: blobEndpoint
  }
  {
    name: 'VIBEDATA_DCR_IMMUTABLE_ID'
    value: ruleImmutableId
  }
  {
    name: 'VIBEDATA_INSTANCE_ID'
    value: instanceId
  }
  {
    name: 'VIBEDATA_LOGS_INGESTION_ENDPOINT'
    value: logsIngestionEndpoint
  }
  {
    name: 'VIBEDATA_QUEUE_ENDPOINT'
    value: queueEndpoint
  }
  {
    name: 'VIBEDATA_RESOURCE_GROUP'
    value: resourceGroup().name
  }
  {
    name: 'VIBEDATA_SUBSCRIPTION_ID'
    value: subscription().subscriptionId
  }
  {
    name: 'VIBEDATA_TABLE_ENDPOINT'
    value: tableEndpoint
  }
  {
    name: 'VIBEDATA_TENANT_ID'
    value: tenantId
  }
  {
    name: 'VIBEDATA_UAMI_CLIENT_ID'
    value: clientId
  }
])

resource plan 'Microsoft.Web/serverfarms@2025-03-01' = {
  name: 'asp-apps-${suffix}'
  location: location
  kind: 'linux'
  sku: {
    name: planSize
    capacity: 2
  }
  properties: {
    reserved: true
  }
}

resource planDiagnostics 'Microsoft.Insights/diagnosticSettings@2021-05-01-preview' = {
  scope: plan
  name: 'workspace'
  properties: {
    workspaceId: workspaceResourceId
    metrics: [
      {
        category: 'AllMetrics'
        enabled: true
      }
    ]
  }
}

@description('Control Panel, Studio and API.')
module apps '../modules/web-app.bicep' = [
  for application in applications: {
    name: '10-app-${application}'
    params: {
      location: location
      name: 'app-${application}-${suffix}'
      planResourceId: plan.id
      image: '${registryLoginServer}/vibedata/components/${application}:${imageTag}'
      appSettings: applicationSettings
      identityResourceId: principalResourceId
      clientId: clientId
      appSubnetResourceId: subnetResourceIds.apps
      endpointSubnetResourceId: subnetResourceIds.endpoints
      zoneResourceId: zoneResourceIds.sites
      workspaceResourceId: workspaceResourceId
    }
  }
]

@description('The Function app of the operations.')
module functions '../modules/function-app.bicep' = {
  name: '10-functions'
  params: {
    location: location
    suffix: suffix
    appSettings: functionSettings
    packageContainerUrl: '${blobEndpoint}function-packages'
    identityResourceId: principalResourceId
    functionSubnetResourceId: subnetResourceIds.functions
    endpointSubnetResourceId: subnetResourceIds.endpoints
    zoneResourceId: zoneResourceIds.sites
    workspaceResourceId: workspaceResourceId
  }
}

@description('Who may pin an app to its digest.')
module appRoles '../modules/role-assignment.bicep' = [
  for (application, index) in applications: {
    name: '10-roles-${application}'
    params: {
      assignments: filter(assignments, row => row.scope == 'site')
      scopeKind: 'site'
      scopeName: apps[index].outputs.name
      principalId: principalId
      principalResourceId: principalResourceId
      crossTenant: crossTenant
    }
  }
]

@description('Who may bring the Function app its package.')
module functionRoles '../modules/role-assignment.bicep' = {
  name: '10-roles-functions'
  params: {
    assignments: filter(assignments, row => row.scope == 'site')
    scopeKind: 'site'
    scopeName: functions.outputs.name
    principalId: principalId
    principalResourceId: principalResourceId
    crossTenant: crossTenant
  }
}

@description('Where alerts go.')
module actionGroup '../modules/action-group.bicep' = {
  name: '10-action-group'
  params: {
    suffix: suffix
    eventHubNamespaceName: eventHubNamespaceName
    eventHubName: eventHubName
    tenantId: tenantId
  }
}

@description('Who may send alerts to the hub: the action group itself.')
module actionGroupRoles '../modules/role-assignment.bicep' = {
  name: '10-roles-action-group'
  params: {
    assignments: actionGroupAssignments
    scopeKind: 'eventHub'
    scopeName: '${eventHubNamespaceName}/${eventHubName}'
    principalId: actionGroup.outputs.principalId
    principalResourceId: actionGroup.outputs.resourceId
    crossTenant: crossTenant
  }
}

@description('The alert rules, once the group may deliver what they find.')
module rules '../modules/alert-rules.bicep' = {
  name: '10-alert-rules'
  params: {
    location: location
    suffix: suffix
    rules: alertRules
    workspaceResourceId: workspaceResourceId
    actionGroupResourceId: actionGroup.outputs.resourceId
  }
  dependsOn: [
    actionGroupRoles
  ]
}

@description('Names of the applications.')
output names array = [for (application, index) in applications: apps[index].outputs.name]

@description('Ids of the applications.')
output resourceIds array = [for (application, index) in applications: apps[index].outputs.resourceId]

@description('Host of the Control Panel.')
output controlPanelHostName string = apps[2].outputs.defaultHostName

@description('Name of the Function app.')
output functionAppName string = functions.outputs.name

@description('Id of the action group.')
output actionGroupResourceId string = actionGroup.outputs.resourceId

@description('Names of the alert rules.')
output alertRuleNames array = rules.outputs.names
