metadata description = 'The customer\'s own container registry: every image and artifact of a release is imported into it.'

@description('Required. Region.')
param location string

@minLength(13)
@maxLength(13)
@description('Required. Suffix of every name (D11).')
param suffix string

@description('Required. Id of the workspace that diagnostics go to.')
param workspaceResourceId string

resource registry 'Microsoft.ContainerRegistry/registries@2025-11-01' = {
  name: 'cr${suffix}'
  location: location
  sku: {
    // Only Premium has private endpoints.
    name: 'Premium'
  }
  properties: {
    adminUserEnabled: false
    anonymousPullEnabled: false
    dataEndpointEnabled: true
    publicNetworkAccess: 'Disabled'
    networkRuleSet: {
      defaultAction: 'Deny'
    }
    // An import comes from the registry service itself, past the firewall.
    networkRuleBypassOptions: 'AzureServices'
    roleAssignmentMode: 'LegacyRegistryPermissions'
    policies: {
      exportPolicy: {
        status: 'disabled'
      }
    }
  }
}

resource diagnostics 'Microsoft.Insights/diagnosticSettings@2021-05-01-preview' = {
  scope: registry
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

@description('Name of the registry.')
output name string = registry.name

@description('Id of the registry.')
output resourceId string = registry.id

@description('Host from which images are pulled.')
output loginServer string = registry.properties.loginServer
