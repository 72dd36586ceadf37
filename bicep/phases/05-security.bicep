metadata description = 'Phase 5, Core Security: the Key Vault, reachable from the virtual network alone.'

@description('Required. Region.')
param location string

@minLength(13)
@maxLength(13)
@description('Required. Suffix of every name (D11): a vault under purge protection keeps its name for 90 days after it is gone.')
param suffix string

@description('Required. Entra tenant that the vault trusts.')
param tenantId string

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

resource vault 'Microsoft.KeyVault/vaults@2026-02-01' = {
  name: 'kv-${suffix}'
  location: location
  properties: {
    tenantId: tenantId
    sku: {
      family: 'A'
      name: 'standard'
    }
    enableRbacAuthorization: true
    enableSoftDelete: true
    softDeleteRetentionInDays: 90
    enablePurgeProtection: true
    publicNetworkAccess: 'Disabled'
    networkAcls: {
      // Application Gateway reads its certificate as a trusted service.
      bypass: 'AzureServices'
      defaultAction: 'Deny'
    }
  }
}

resource diagnostics 'Microsoft.Insights/diagnosticSettings@2021-05-01-preview' = {
  scope: vault
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

@description('The vault\'s private endpoint.')
module endpoint '../modules/private-endpoint.bicep' = {
  name: '05-endpoint-vault'
  params: {
    location: location
    targetName: vault.name
    targetResourceId: vault.id
    groupId: 'vault'
    subnetResourceId: endpointSubnetResourceId
    zoneResourceIds: [
      zoneResourceIds.keyVault
    ]
  }
}

@description('Who may read the vault\'s secrets.')
module roles '../modules/role-assignment.bicep' = {
  name: '05-roles-vault'
  params: {
    assignments: filter(assignments, row => row.scope == 'keyVault')
    scopeKind: 'keyVault'
    scopeName: vault.name
    principalId: principalId
    principalResourceId: principalResourceId
    crossTenant: crossTenant
  }
}

@description('Name of the vault.')
output name string = vault.name

@description('Id of the vault.')
output resourceId string = vault.id

@description('URL of the vault.')
output vaultUri string = vault.properties.vaultUri
