metadata description = 'One application: a container from the customer\'s registry, reached through its private endpoint alone.'

@description('Required. Region.')
param location string

@description('Required. Name of the app.')
param name string

@description('Required. Id of the plan.')
param planResourceId string

@description('Required. Image, as `host/repository:tag`.')
param image string

@description('Required. The app\'s own settings, as names and values.')
param appSettings array

@description('Required. Id of vibedata-uami.')
param identityResourceId string

@description('Required. Client id of vibedata-uami.')
param clientId string

@description('Required. Id of the subnet that the app speaks from.')
param appSubnetResourceId string

@description('Required. Id of the subnet that holds private endpoints.')
param endpointSubnetResourceId string

@description('Required. Id of the private zone of apps.')
param zoneResourceId string

@description('Required. Id of the workspace that diagnostics go to.')
param workspaceResourceId string

resource app 'Microsoft.Web/sites@2025-03-01' = {
  name: name
  location: location
  kind: 'app,linux,container'
  identity: {
    type: 'UserAssigned'
    userAssignedIdentities: {
      '${identityResourceId}': {}
    }
  }
  properties: {
    serverFarmId: planResourceId
    reserved: true
    httpsOnly: true
    clientAffinityEnabled: false
    publicNetworkAccess: 'Disabled'
    keyVaultReferenceIdentity: identityResourceId
    virtualNetworkSubnetId: appSubnetResourceId
    outboundVnetRouting: {
      allTraffic: true
      imagePullTraffic: true
    }
    siteConfig: {
      acrUseManagedIdentityCreds: true
      acrUserManagedIdentityID: clientId
      alwaysOn: true
      appSettings: appSettings
      ftpsState: 'Disabled'
      healthCheckPath: '/health'
      http20Enabled: true
      httpLoggingEnabled: true
      linuxFxVersion: 'DOCKER|${image}'
      minTlsVersion: '1.2'
      scmMinTlsVersion: '1.2'
    }
  }
}

resource ftpPolicy 'Microsoft.Web/sites/basicPublishingCredentialsPolicies@2025-03-01' = {
  parent: app
  name: 'ftp'
  properties: {
    allow: false
  }
}

resource scmPolicy 'Microsoft.Web/sites/basicPublishingCredentialsPolicies@2025-03-01' = {
  parent: app
  name: 'scm'
  properties: {
    allow: false
  }
}

resource diagnostics 'Microsoft.Insights/diagnosticSettings@2021-05-01-preview' = {
  scope: app
  name: 'workspace'
  properties: {
    workspaceId: workspaceResourceId
    logs: [
      {
        categoryGroup: 'allLogs'
        enabled: true
      }
    ]
    metrics: [
      {
        category: 'AllMetrics'
        enabled: true
      }
    ]
  }
}

@description('The app\'s private endpoint.')
module endpoint 'private-endpoint.bicep' = {
  name: '10-endpoint-${name}'
  params: {
    location: location
    targetName: app.name
    targetResourceId: app.id
    groupId: 'sites'
    subnetResourceId: endpointSubnetResourceId
    zoneResourceIds: [
      zoneResourceId
    ]
  }
}

@description('Name of the app.')
output name string = app.name

@description('Id of the app.')
output resourceId string = app.id

@description('Host of the app.')
output defaultHostName string = app.properties.defaultHostName
