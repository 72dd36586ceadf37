metadata description = 'Phase 13, AI Deployment: AI Foundry with its project, and AI Search, both private and without keys.'

@description('Required. Region.')
param location string

@minLength(13)
@maxLength(13)
@description('Required. Suffix of every name (D11).')
param suffix string

@description('Required. Size of AI Search.')
param searchSize string

@description('Required. Id of the subnet that holds private endpoints.')
param endpointSubnetResourceId string

@description('Required. Ids of the private zones, by short name.')
param zoneResourceIds object

@description('Required. Id of the workspace that diagnostics go to.')
param workspaceResourceId string

@description('Required. The rows of rbac.json for vibedata-uami.')
param assignments array

@description('Required. Object id of vibedata-uami.')
param principalId string

@description('Required. Id of vibedata-uami.')
param principalResourceId string

@description('Required. Whether the deployment comes from another tenant.')
param crossTenant bool

resource account 'Microsoft.CognitiveServices/accounts@2026-07-01' = {
  name: 'ai-${suffix}'
  location: location
  kind: 'AIServices'
  sku: {
    name: 'S0'
  }
  identity: {
    type: 'UserAssigned'
    userAssignedIdentities: {
      '${principalResourceId}': {}
    }
  }
  properties: {
    allowProjectManagement: true
    customSubDomainName: 'ai-${suffix}'
    disableLocalAuth: true
    publicNetworkAccess: 'Disabled'
    networkAcls: {
      bypass: 'AzureServices'
      defaultAction: 'Deny'
    }
  }
}

resource project 'Microsoft.CognitiveServices/accounts/projects@2026-07-01' = {
  parent: account
  name: 'vibedata'
  location: location
  identity: {
    type: 'UserAssigned'
    userAssignedIdentities: {
      '${principalResourceId}': {}
    }
  }
  properties: {
    displayName: 'Vibedata'
    description: 'Indexes and agents of the instance'
  }
}

resource accountDiagnostics 'Microsoft.Insights/diagnosticSettings@2021-05-01-preview' = {
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

resource search 'Microsoft.Search/searchServices@2025-05-01' = {
  name: 'srch-${suffix}'
  location: location
  sku: {
    name: searchSize
  }
  identity: {
    type: 'UserAssigned'
    userAssignedIdentities: {
      '${principalResourceId}': {}
    }
  }
  properties: {
    disableLocalAuth: true
    hostingMode: 'Default'
    partitionCount: 1
    replicaCount: 1
    publicNetworkAccess: 'Disabled'
    networkRuleSet: {
      bypass: 'AzureServices'
      ipRules: []
    }
  }
}

resource searchDiagnostics 'Microsoft.Insights/diagnosticSettings@2021-05-01-preview' = {
  scope: search
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

@description('AI Foundry from inside, once the account has stopped changing.')
module accountEndpoint '../modules/private-endpoint.bicep' = {
  name: '13-endpoint-ai'
  params: {
    location: location
    targetName: account.name
    targetResourceId: account.id
    groupId: 'account'
    subnetResourceId: endpointSubnetResourceId
    zoneResourceIds: [
      zoneResourceIds.cognitiveServices
      zoneResourceIds.openAi
      zoneResourceIds.ai
    ]
  }
  dependsOn: [
    project
  ]
}

@description('AI Search from inside.')
module searchEndpoint '../modules/private-endpoint.bicep' = {
  name: '13-endpoint-search'
  params: {
    location: location
    targetName: search.name
    targetResourceId: search.id
    groupId: 'searchService'
    subnetResourceId: endpointSubnetResourceId
    zoneResourceIds: [
      zoneResourceIds.search
    ]
  }
}

@description('Who may create agents.')
module accountRoles '../modules/role-assignment.bicep' = {
  name: '13-roles-ai'
  params: {
    assignments: filter(assignments, row => row.scope == 'aiAccount')
    scopeKind: 'aiAccount'
    scopeName: account.name
    principalId: principalId
    principalResourceId: principalResourceId
    crossTenant: crossTenant
  }
}

@description('Who may create indexes.')
module searchRoles '../modules/role-assignment.bicep' = {
  name: '13-roles-search'
  params: {
    assignments: filter(assignments, row => row.scope == 'searchService')
    scopeKind: 'searchService'
    scopeName: search.name
    principalId: principalId
    principalResourceId: principalResourceId
    crossTenant: crossTenant
  }
}

@description('Name of the AI Foundry account.')
output name string = account.name

@description('Id of the AI Foundry account.')
output resourceId string = account.id

@description('Name of the project.')
output projectName string = project.name

@description('Name of AI Search.')
output searchName string = search.name

@description('Id of AI Search.')
output searchResourceId string = search.id
