metadata description = 'Phase 1, Prereqs and Identity: the one identity that everything here runs as, and its role on the whole group.'

@description('Required. Region of the identity.')
param location string

@description('Required. Whether the deployment comes from another tenant than the identity\'s.')
param crossTenant bool

@description('Required. The rows of rbac.json for vibedata-uami.')
param assignments array

// RFC-60 gives the identity its name; the group holds one of them.
resource identity 'Microsoft.ManagedIdentity/userAssignedIdentities@2024-11-30' = {
  name: 'vibedata-uami'
  location: location
}

@description('The roles that the identity has on the whole group.')
module baseline '../modules/role-assignment.bicep' = {
  name: '01-roles-group'
  params: {
    assignments: filter(assignments, row => row.scope == 'resourceGroup')
    scopeKind: 'resourceGroup'
    principalId: identity.properties.principalId
    principalResourceId: identity.id
    crossTenant: crossTenant
  }
}

@description('The roles that the identity has on itself, so that a cluster of its own may use it.')
module own '../modules/role-assignment.bicep' = {
  name: '01-roles-identity'
  params: {
    assignments: filter(assignments, row => row.scope == 'identity')
    scopeKind: 'identity'
    scopeName: identity.name
    principalId: identity.properties.principalId
    principalResourceId: identity.id
    crossTenant: crossTenant
  }
}

@description('Name of the identity.')
output name string = identity.name

@description('Id of the identity.')
output resourceId string = identity.id

@description('Client id, which every credential names (D1).')
output clientId string = identity.properties.clientId

@description('Object id, which gets the roles.')
output principalId string = identity.properties.principalId

@description('Entra tenant of the instance.')
output tenantId string = identity.properties.tenantId
