metadata description = 'Phase 2, Observability Foundation: the workspace that every later service reports to, and the way in for our own rows.'

@description('Required. Region.')
param location string

@minLength(13)
@maxLength(13)
@description('Required. Suffix of every name (D11).')
param suffix string

@description('Required. Definition of the operations table: operations_columns.json.')
param operationsTable object

@description('Required. Days that logs stay queryable.')
param retentionInDays int

@description('Required. Days that operations rows are kept in all.')
param operationsRetentionInDays int

@allowed([
  'Enabled'
  'Disabled'
])
@description('Required. Whether logs may be queried from outside the virtual network, as the portal does.')
param publicQueryAccess string

resource workspace 'Microsoft.OperationalInsights/workspaces@2026-03-01' = {
  name: 'log-${suffix}'
  location: location
  properties: {
    sku: {
      name: 'PerGB2018'
    }
    retentionInDays: retentionInDays
    features: {
      disableLocalAuth: true
      enableLogAccessUsingOnlyResourcePermissions: true
    }
    // Diagnostic settings come in past this switch; everything else through the private link scope.
    publicNetworkAccessForIngestion: 'Disabled'
    publicNetworkAccessForQuery: publicQueryAccess
  }
}

resource workspaceDiagnostics 'Microsoft.Insights/diagnosticSettings@2021-05-01-preview' = {
  scope: workspace
  name: 'workspace'
  properties: {
    workspaceId: workspace.id
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

resource endpoint 'Microsoft.Insights/dataCollectionEndpoints@2024-03-11' = {
  name: 'dce-${suffix}'
  location: location
  properties: {
    networkAcls: {
      publicNetworkAccess: 'Disabled'
    }
  }
}

@description('The operations table and its data collection rule.')
module operations '../modules/operations-table.bicep' = {
  name: '02-operations-table'
  params: {
    location: location
    definition: operationsTable
    workspaceName: workspace.name
    ruleName: 'dcr-operations-${suffix}'
    endpointResourceId: endpoint.id
    retentionInDays: retentionInDays
    totalRetentionInDays: operationsRetentionInDays
  }
}

// It writes to the workspace by itself: a diagnostic setting of its own would store every row twice.
resource insights 'Microsoft.Insights/components@2020-02-02' = {
  name: 'appi-${suffix}'
  location: location
  kind: 'web'
  properties: {
    Application_Type: 'web'
    WorkspaceResourceId: workspace.id
    IngestionMode: 'LogAnalytics'
    DisableLocalAuth: true
    publicNetworkAccessForIngestion: 'Disabled'
    publicNetworkAccessForQuery: publicQueryAccess
  }
}

resource privateLinkScope 'Microsoft.Insights/privateLinkScopes@2021-09-01' = {
  name: 'ampls-${suffix}'
  location: 'global'
  properties: {
    accessModeSettings: {
      ingestionAccessMode: 'PrivateOnly'
      queryAccessMode: 'PrivateOnly'
    }
  }
}

resource scopedWorkspace 'Microsoft.Insights/privateLinkScopes/scopedResources@2021-09-01' = {
  parent: privateLinkScope
  name: 'workspace'
  properties: {
    linkedResourceId: workspace.id
  }
}

resource scopedEndpoint 'Microsoft.Insights/privateLinkScopes/scopedResources@2021-09-01' = {
  parent: privateLinkScope
  name: 'data-collection-endpoint'
  properties: {
    linkedResourceId: endpoint.id
  }
  // The scope takes one change at a time.
  dependsOn: [
    scopedWorkspace
  ]
}

resource scopedInsights 'Microsoft.Insights/privateLinkScopes/scopedResources@2021-09-01' = {
  parent: privateLinkScope
  name: 'application-insights'
  properties: {
    linkedResourceId: insights.id
  }
  dependsOn: [
    scopedEndpoint
  ]
}

@description('Name of the workspace.')
output name string = workspace.name

@description('Id of the workspace, for diagnostic settings.')
output resourceId string = workspace.id

@description('Customer id of the workspace, by which it is queried.')
output workspaceId string = workspace.properties.customerId

@description('Address that takes operations rows.')
output logsIngestionEndpoint string = endpoint.properties.logsIngestion.endpoint

@description('Name of the data collection rule.')
output ruleName string = operations.outputs.name

@description('Immutable id of the data collection rule.')
output ruleImmutableId string = operations.outputs.immutableId

@description('Name of Application Insights.')
output insightsName string = insights.name

@description('Connection string of Application Insights: an address, no secret, as keys are switched off.')
output insightsConnectionString string = insights.properties.ConnectionString

@description('Name of the private link scope.')
output privateLinkScopeName string = privateLinkScope.name

@description('Id of the private link scope, whose endpoint waits for network and zones.')
output privateLinkScopeResourceId string = privateLinkScope.id
