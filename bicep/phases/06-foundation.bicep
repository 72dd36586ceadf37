metadata description = 'Phase 6, Foundation PaaS Services: storage, event hub and registry; their private ways, and Automation\'s.'

@description('Required. Region.')
param location string

@minLength(13)
@maxLength(13)
@description('Required. Suffix of every name (D11).')
param suffix string

@description('Required. Days for which a manifest or an artifact can be neither changed nor deleted.')
param immutabilityDays int

@description('Required. Redundancy of the storage account.')
param storageRedundancy string

@description('Required. Name of the Automation account.')
param automationAccountName string

@description('Required. Id of the Automation account.')
param automationAccountResourceId string

@description('Required. Ids of the subnets, by name.')
param subnetResourceIds object

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

@description('Blobs, queues and tables.')
module storage '../modules/storage.bicep' = {
  name: '06-storage'
  params: {
    location: location
    suffix: suffix
    immutabilityDays: immutabilityDays
    redundancy: storageRedundancy
    workspaceResourceId: workspaceResourceId
  }
}

@description('Where alerts arrive.')
module eventHub '../modules/event-hub.bicep' = {
  name: '06-event-hub'
  params: {
    location: location
    suffix: suffix
    workspaceResourceId: workspaceResourceId
  }
}

@description('The customer\'s registry.')
module registry '../modules/container-registry.bicep' = {
  name: '06-registry'
  params: {
    location: location
    suffix: suffix
    workspaceResourceId: workspaceResourceId
  }
}

@description('The way of the worker to its jobs.')
module automationEndpoint '../modules/private-endpoint.bicep' = {
  name: '06-endpoint-automation'
  params: {
    location: location
    targetName: automationAccountName
    targetResourceId: automationAccountResourceId
    groupId: 'DSCAndHybridWorker'
    subnetResourceId: subnetResourceIds.endpoints
    zoneResourceIds: [
      zoneResourceIds.automation
    ]
  }
}

@description('The account\'s blobs from inside.')
module blobEndpoint '../modules/private-endpoint.bicep' = {
  name: '06-endpoint-blob'
  params: {
    location: location
    targetName: storage.outputs.name
    targetResourceId: storage.outputs.resourceId
    groupId: 'blob'
    nameSuffix: 'blob'
    subnetResourceId: subnetResourceIds.endpoints
    zoneResourceIds: [
      zoneResourceIds.blob
    ]
  }
}

@description('The account\'s queues from inside.')
module queueEndpoint '../modules/private-endpoint.bicep' = {
  name: '06-endpoint-queue'
  params: {
    location: location
    targetName: storage.outputs.name
    targetResourceId: storage.outputs.resourceId
    groupId: 'queue'
    nameSuffix: 'queue'
    subnetResourceId: subnetResourceIds.endpoints
    zoneResourceIds: [
      zoneResourceIds.queue
    ]
  }
}

@description('The account\'s tables from inside.')
module tableEndpoint '../modules/private-endpoint.bicep' = {
  name: '06-endpoint-table'
  params: {
    location: location
    targetName: storage.outputs.name
    targetResourceId: storage.outputs.resourceId
    groupId: 'table'
    nameSuffix: 'table'
    subnetResourceId: subnetResourceIds.endpoints
    zoneResourceIds: [
      zoneResourceIds.table
    ]
  }
}

@description('The hub from inside, for the relay.')
module eventHubEndpoint '../modules/private-endpoint.bicep' = {
  name: '06-endpoint-event-hub'
  params: {
    location: location
    targetName: eventHub.outputs.name
    targetResourceId: eventHub.outputs.resourceId
    groupId: 'namespace'
    subnetResourceId: subnetResourceIds.endpoints
    zoneResourceIds: [
      zoneResourceIds.eventHub
    ]
  }
}

@description('The registry from inside, and its data endpoint.')
module registryEndpoint '../modules/private-endpoint.bicep' = {
  name: '06-endpoint-registry'
  params: {
    location: location
    targetName: registry.outputs.name
    targetResourceId: registry.outputs.resourceId
    groupId: 'registry'
    subnetResourceId: subnetResourceIds.endpoints
    zoneResourceIds: [
      zoneResourceIds.containerRegistry
    ]
  }
}

@description('Who may read and write content, state and queues.')
module storageRoles '../modules/role-assignment.bicep' = {
  name: '06-roles-storage'
  params: {
    assignments: filter(assignments, row => row.scope == 'storageAccount')
    scopeKind: 'storageAccount'
    scopeName: storage.outputs.name
    principalId: principalId
    principalResourceId: principalResourceId
    crossTenant: crossTenant
  }
}

@description('Who may import and pull.')
module registryRoles '../modules/role-assignment.bicep' = {
  name: '06-roles-registry'
  params: {
    assignments: filter(assignments, row => row.scope == 'containerRegistry')
    scopeKind: 'containerRegistry'
    scopeName: registry.outputs.name
    principalId: principalId
    principalResourceId: principalResourceId
    crossTenant: crossTenant
  }
}

@description('Who may publish runbooks and start jobs.')
module automationRoles '../modules/role-assignment.bicep' = {
  name: '06-roles-automation'
  params: {
    assignments: filter(assignments, row => row.scope == 'automationAccount')
    scopeKind: 'automationAccount'
    scopeName: automationAccountName
    principalId: principalId
    principalResourceId: principalResourceId
    crossTenant: crossTenant
  }
}

@description('Who may read alerts; who sends them comes with the action group.')
module eventHubRoles '../modules/role-assignment.bicep' = {
  name: '06-roles-event-hub'
  params: {
    assignments: filter(assignments, row => row.scope == 'eventHub')
    scopeKind: 'eventHub'
    scopeName: '${eventHub.outputs.name}/${eventHub.outputs.hubName}'
    principalId: principalId
    principalResourceId: principalResourceId
    crossTenant: crossTenant
  }
}

@description('Name of the storage account.')
output storageAccountName string = storage.outputs.name

@description('Id of the storage account.')
output storageAccountResourceId string = storage.outputs.resourceId

@description('Address of the account\'s blobs.')
output blobEndpoint string = storage.outputs.blobEndpoint

@description('Address of the account\'s queues.')
output queueEndpoint string = storage.outputs.queueEndpoint

@description('Address of the account\'s tables.')
output tableEndpoint string = storage.outputs.tableEndpoint

@description('Name of the registry.')
output registryName string = registry.outputs.name

@description('Id of the registry.')
output registryResourceId string = registry.outputs.resourceId

@description('Host from which images are pulled.')
output registryLoginServer string = registry.outputs.loginServer

@description('Name of the event hub\'s namespace.')
output eventHubNamespaceName string = eventHub.outputs.name

@description('Name of the hub that alerts arrive at.')
output eventHubName string = eventHub.outputs.hubName

@description('Host of the hub.')
output eventHubFullyQualifiedNamespace string = eventHub.outputs.fullyQualifiedNamespace
