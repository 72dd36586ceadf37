metadata description = 'The Automation account: no identity, for that would take the worker\'s away from its jobs (D1), and no runbooks yet.'

@description('Required. Region.')
param location string

@minLength(13)
@maxLength(13)
@description('Required. Suffix of every name (D11).')
param suffix string

@description('Required. Whether its public addresses answer; jobs need no more than the private ones once those are in force.')
param publicNetworkAccess bool

@description('Required. Name of the hybrid worker group that runs the jobs.')
param workerGroupName string

@description('Required. Id of the workspace that diagnostics go to.')
param workspaceResourceId string

resource account 'Microsoft.Automation/automationAccounts@2024-10-23' = {
  name: 'aa-${suffix}'
  location: location
  properties: {
    sku: {
      name: 'Basic'
    }
    disableLocalAuth: true
    encryption: {
      keySource: 'Microsoft.Automation'
    }
    publicNetworkAccess: publicNetworkAccess
  }
}

resource workerGroup 'Microsoft.Automation/automationAccounts/hybridRunbookWorkerGroups@2024-10-23' = {
  parent: account
  name: workerGroupName
}

resource diagnostics 'Microsoft.Insights/diagnosticSettings@2021-05-01-preview' = {
  scope: account
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

@description('Name of the account.')
output name string = account.name

@description('Id of the account.')
output resourceId string = account.id

@description('Name of the worker group.')
output workerGroupName string = workerGroup.name

@description('Address that a hybrid worker asks for jobs.')
output hybridServiceUrl string = account.properties.automationHybridServiceUrl
