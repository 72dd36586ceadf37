metadata description = 'The Function app of the operations: alerts in, rows out. Every connection is by identity, none by key.'

@description('Required. Region.')
param location string

@minLength(13)
@maxLength(13)
@description('Required. Suffix of every name (D11).')
param suffix string

@description('Required. The app\'s own settings, as names and values.')
param appSettings array

@description('Required. Address of the container that the package is uploaded to.')
param packageContainerUrl string

@description('Required. Id of vibedata-uami.')
param identityResourceId string

@description('Required. Id of the subnet that the app speaks from.')
param functionSubnetResourceId string

@description('Required. Id of the subnet that holds private endpoints.')
param endpointSubnetResourceId string

@description('Required. Id of the private zone of apps.')
param zoneResourceId string

@description('Required. Id of the workspace that diagnostics go to.')
param workspaceResourceId string

resource plan 'Microsoft.Web/serverfarms@2025-03-01' = {
  name: 'asp-functions-${suffix}'
  location: location
  kind: 'functionapp'
  sku: {
    name: 'FC1'
    tier: 'FlexConsumption'
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

resource app 'Microsoft.Web/sites@2025-03-01' = {
  name: 'func-operations-${suffix}'
  location: location
  kind: 'functionapp,linux'
  identity: {
    type: 'UserAssigned'
    userAssignedIdentities: {
      '${identityResourceId}': {}
    }
  }
  properties: {
    serverFarmId: plan.id
    reserved: true
    httpsOnly: true
    publicNetworkAccess: 'Disabled'
    keyVaultReferenceIdentity: identityResourceId
    virtualNetworkSubnetId: functionSubnetResourceId
    functionAppConfig: {
      deployment: {
        storage: {
          type: 'blobContainer'
          value: packageContainerUrl
          authentication: {
            type: 'UserAssignedIdentity'
            userAssignedIdentityResourceId: identityResourceId
          }
        }
      }
      runtime: {
        name: 'python'
        version: '3.12'
      }
      scaleAndConcurrency: {
        instanceMemoryMB: 2048
        maximumInstanceCount: 40
        // An alert does not wait for a cold start.
        alwaysReady: [
          {
            name: 'function:relay_alerts'
            instanceCount: 1
          }
          {
            name: 'function:process_alert'
            instanceCount: 1
          }
        ]
      }
    }
    siteConfig: {
      appSettings: appSettings
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
  name: '10-endpoint-functions'
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
