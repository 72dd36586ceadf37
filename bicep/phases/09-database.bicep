metadata description = 'Phase 9, DB Deployment: PostgreSQL without a public address and without a password.'

@description('Required. Region.')
param location string

@minLength(13)
@maxLength(13)
@description('Required. Suffix of every name (D11).')
param suffix string

@description('Required. Size of the server.')
param size string

@description('Required. High availability: Disabled, SameZone or ZoneRedundant.')
param highAvailability string

@description('Required. Id of the subnet that holds private endpoints.')
param endpointSubnetResourceId string

@description('Required. Ids of the private zones, by short name.')
param zoneResourceIds object

@description('Required. Id of the workspace that diagnostics go to.')
param workspaceResourceId string

@description('Required. Entra tenant that the server trusts.')
param tenantId string

@description('Required. Name of the identity that administers the server, which is its login.')
param administratorName string

@description('Required. Object id of that identity.')
param administratorPrincipalId string

var settings = [
  {
    name: 'connection_throttle.enable'
    value: 'on'
  }
  {
    name: 'log_connections'
    value: 'on'
  }
  {
    name: 'log_disconnections'
    value: 'on'
  }
]

resource server 'Microsoft.DBforPostgreSQL/flexibleServers@2025-08-01' = {
  name: 'psql-${suffix}'
  location: location
  sku: {
    name: size
    tier: 'GeneralPurpose'
  }
  properties: {
    version: '16'
    authConfig: {
      activeDirectoryAuth: 'Enabled'
      passwordAuth: 'Disabled'
      tenantId: tenantId
    }
    backup: {
      backupRetentionDays: 14
      geoRedundantBackup: 'Disabled'
    }
    highAvailability: {
      mode: highAvailability
    }
    network: {
      publicNetworkAccess: 'Disabled'
    }
    storage: {
      autoGrow: 'Enabled'
      storageSizeGB: 64
    }
  }
}

// One after the other: a server that is changing answers ServerIsBusy.
resource administrator 'Microsoft.DBforPostgreSQL/flexibleServers/administrators@2025-08-01' = {
  parent: server
  name: administratorPrincipalId
  properties: {
    principalName: administratorName
    principalType: 'ServicePrincipal'
    tenantId: tenantId
  }
}

resource vibedata 'Microsoft.DBforPostgreSQL/flexibleServers/databases@2025-08-01' = {
  parent: server
  name: 'vibedata'
  properties: {
    charset: 'UTF8'
    collation: 'en_US.utf8'
  }
  dependsOn: [
    administrator
  ]
}

resource airbyte 'Microsoft.DBforPostgreSQL/flexibleServers/databases@2025-08-01' = {
  parent: server
  name: 'airbyte'
  properties: {
    charset: 'UTF8'
    collation: 'en_US.utf8'
  }
  dependsOn: [
    vibedata
  ]
}

@batchSize(1)
resource configurations 'Microsoft.DBforPostgreSQL/flexibleServers/configurations@2025-08-01' = [
  for setting in settings: {
    parent: server
    name: setting.name
    properties: {
      value: setting.value
      source: 'user-override'
    }
    dependsOn: [
      airbyte
    ]
  }
]

resource diagnostics 'Microsoft.Insights/diagnosticSettings@2021-05-01-preview' = {
  scope: server
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

@description('The server\'s private endpoint, after everything that changes the server.')
module endpoint '../modules/private-endpoint.bicep' = {
  name: '09-endpoint-postgres'
  params: {
    location: location
    targetName: server.name
    targetResourceId: server.id
    groupId: 'postgresqlServer'
    subnetResourceId: endpointSubnetResourceId
    zoneResourceIds: [
      zoneResourceIds.postgres
    ]
  }
  dependsOn: [
    configurations
  ]
}

@description('Name of the server.')
output name string = server.name

@description('Id of the server.')
output resourceId string = server.id

@description('Host of the server.')
output fullyQualifiedDomainName string = server.properties.fullyQualifiedDomainName
