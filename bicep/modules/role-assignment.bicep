metadata description = 'Assigns rows of rbac.json at one scope: the only place of the template that creates role assignments (D10).'

@description('Required. Rows of rbac.json, all of one scope and one principal.')
param assignments array

@allowed([
  'resourceGroup'
  'identity'
  'dataCollectionRule'
  'applicationInsights'
  'keyVault'
  'storageAccount'
  'containerRegistry'
  'automationAccount'
  'eventHub'
  'site'
  'virtualNetwork'
  'privateDnsZone'
  'managedCluster'
  'aiAccount'
  'searchService'
])
@description('Required. Kind of resource that the rows are assigned at, as in the rows\' `scope`.')
param scopeKind string

@description('Conditional. Name of that resource. Required unless the kind is `resourceGroup`; for `eventHub`, namespace and hub with a slash between them.')
param scopeName string = 'none/none'

@description('Required. Object id of the managed identity that gets the roles.')
param principalId string

@description('Required. Resource id of the managed identity, or of the resource whose own identity it is.')
param principalResourceId string

@description('Required. Whether the deployment comes from another tenant: only then may, and must, an assignment name the identity\'s resource.')
param crossTenant bool

var segments = split('${scopeName}/none', '/')

var bodies = [
  for row in assignments: {
    roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', row.roleDefinitionId)
    principalId: principalId
    principalType: 'ServicePrincipal'
    description: row.why
    delegatedManagedIdentityResourceId: crossTenant ? principalResourceId : null
  }
]

resource identity 'Microsoft.ManagedIdentity/userAssignedIdentities@2024-11-30' existing = {
  name: scopeName
}

resource dataCollectionRule 'Microsoft.Insights/dataCollectionRules@2024-03-11' existing = {
  name: scopeName
}

resource applicationInsights 'Microsoft.Insights/components@2020-02-02' existing = {
  name: scopeName
}

resource keyVault 'Microsoft.KeyVault/vaults@2026-02-01' existing = {
  name: scopeName
}

resource storageAccount 'Microsoft.Storage/storageAccounts@2026-04-01' existing = {
  name: scopeName
}

resource containerRegistry 'Microsoft.ContainerRegistry/registries@2025-11-01' existing = {
  name: scopeName
}

resource automationAccount 'Microsoft.Automation/automationAccounts@2024-10-23' existing = {
  name: scopeName
}

resource eventHubNamespace 'Microsoft.EventHub/namespaces@2026-01-01' existing = {
  name: segments[0]
}

resource eventHub 'Microsoft.EventHub/namespaces/eventhubs@2026-01-01' existing = {
  parent: eventHubNamespace
  name: segments[1]
}

resource site 'Microsoft.Web/sites@2025-03-01' existing = {
  name: scopeName
}

resource virtualNetwork 'Microsoft.Network/virtualNetworks@2025-09-01' existing = {
  name: scopeName
}

resource privateDnsZone 'Microsoft.Network/privateDnsZones@2024-06-01' existing = {
  name: scopeName
}

resource managedCluster 'Microsoft.ContainerService/managedClusters@2026-05-01' existing = {
  name: scopeName
}

resource aiAccount 'Microsoft.CognitiveServices/accounts@2026-07-01' existing = {
  name: scopeName
}

resource searchService 'Microsoft.Search/searchServices@2025-05-01' existing = {
  name: scopeName
}

resource onResourceGroup 'Microsoft.Authorization/roleAssignments@2022-04-01' = [
  for (row, index) in assignments: if (scopeKind == 'resourceGroup') {
    name: guid(resourceGroup().id, principalId, row.roleDefinitionId)
    properties: bodies[index]
  }
]

resource onIdentity 'Microsoft.Authorization/roleAssignments@2022-04-01' = [
  for (row, index) in assignments: if (scopeKind == 'identity') {
    scope: identity
    name: guid(identity.id, principalId, row.roleDefinitionId)
    properties: bodies[index]
  }
]

resource onDataCollectionRule 'Microsoft.Authorization/roleAssignments@2022-04-01' = [
  for (row, index) in assignments: if (scopeKind == 'dataCollectionRule') {
    scope: dataCollectionRule
    name: guid(dataCollectionRule.id, principalId, row.roleDefinitionId)
    properties: bodies[index]
  }
]

resource onApplicationInsights 'Microsoft.Authorization/roleAssignments@2022-04-01' = [
  for (row, index) in assignments: if (scopeKind == 'applicationInsights') {
    scope: applicationInsights
    name: guid(applicationInsights.id, principalId, row.roleDefinitionId)
    properties: bodies[index]
  }
]

resource onKeyVault 'Microsoft.Authorization/roleAssignments@2022-04-01' = [
  for (row, index) in assignments: if (scopeKind == 'keyVault') {
    scope: keyVault
    name: guid(keyVault.id, principalId, row.roleDefinitionId)
    properties: bodies[index]
  }
]

resource onStorageAccount 'Microsoft.Authorization/roleAssignments@2022-04-01' = [
  for (row, index) in assignments: if (scopeKind == 'storageAccount') {
    scope: storageAccount
    name: guid(storageAccount.id, principalId, row.roleDefinitionId)
    properties: bodies[index]
  }
]

resource onContainerRegistry 'Microsoft.Authorization/roleAssignments@2022-04-01' = [
  for (row, index) in assignments: if (scopeKind == 'containerRegistry') {
    scope: containerRegistry
    name: guid(containerRegistry.id, principalId, row.roleDefinitionId)
    properties: bodies[index]
  }
]

resource onAutomationAccount 'Microsoft.Authorization/roleAssignments@2022-04-01' = [
  for (row, index) in assignments: if (scopeKind == 'automationAccount') {
    scope: automationAccount
    name: guid(automationAccount.id, principalId, row.roleDefinitionId)
    properties: bodies[index]
  }
]

resource onEventHub 'Microsoft.Authorization/roleAssignments@2022-04-01' = [
  for (row, index) in assignments: if (scopeKind == 'eventHub') {
    scope: eventHub
    name: guid(eventHub.id, principalId, row.roleDefinitionId)
    properties: bodies[index]
  }
]

resource onSite 'Microsoft.Authorization/roleAssignments@2022-04-01' = [
  for (row, index) in assignments: if (scopeKind == 'site') {
    scope: site
    name: guid(site.id, principalId, row.roleDefinitionId)
    properties: bodies[index]
  }
]

resource onVirtualNetwork 'Microsoft.Authorization/roleAssignments@2022-04-01' = [
  for (row, index) in assignments: if (scopeKind == 'virtualNetwork') {
    scope: virtualNetwork
    name: guid(virtualNetwork.id, principalId, row.roleDefinitionId)
    properties: bodies[index]
  }
]

resource onPrivateDnsZone 'Microsoft.Authorization/roleAssignments@2022-04-01' = [
  for (row, index) in assignments: if (scopeKind == 'privateDnsZone') {
    scope: privateDnsZone
    name: guid(privateDnsZone.id, principalId, row.roleDefinitionId)
    properties: bodies[index]
  }
]

resource onManagedCluster 'Microsoft.Authorization/roleAssignments@2022-04-01' = [
  for (row, index) in assignments: if (scopeKind == 'managedCluster') {
    scope: managedCluster
    name: guid(managedCluster.id, principalId, row.roleDefinitionId)
    properties: bodies[index]
  }
]

resource onAiAccount 'Microsoft.Authorization/roleAssignments@2022-04-01' = [
  for (row, index) in assignments: if (scopeKind == 'aiAccount') {
    scope: aiAccount
    name: guid(aiAccount.id, principalId, row.roleDefinitionId)
    properties: bodies[index]
  }
]

resource onSearchService 'Microsoft.Authorization/roleAssignments@2022-04-01' = [
  for (row, index) in assignments: if (scopeKind == 'searchService') {
    scope: searchService
    name: guid(searchService.id, principalId, row.roleDefinitionId)
    properties: bodies[index]
  }
]

@description('How many roles were assigned.')
output count int = length(assignments)
