metadata description = 'Where Azure Monitor hands its alerts over: the one receiver of an action group that may stay private (D7).'

@description('Required. Region.')
param location string

@minLength(13)
@maxLength(13)
@description('Required. Suffix of every name (D11).')
param suffix string

@description('Required. Id of the workspace that diagnostics go to.')
param workspaceResourceId string

resource namespace 'Microsoft.EventHub/namespaces@2026-01-01' = {
  name: 'evhns-${suffix}'
  location: location
  sku: {
    name: 'Standard'
    tier: 'Standard'
    capacity: 1
  }
  properties: {
    disableLocalAuth: true
    isAutoInflateEnabled: false
    minimumTlsVersion: '1.2'
    publicNetworkAccess: 'Disabled'
  }
}

// Action groups are a trusted service of Event Hubs, and send with an identity of their own.
resource networkRules 'Microsoft.EventHub/namespaces/networkRuleSets@2026-01-01' = {
  parent: namespace
  name: 'default'
  properties: {
    defaultAction: 'Deny'
    publicNetworkAccess: 'Disabled'
    trustedServiceAccessEnabled: true
  }
}

resource hub 'Microsoft.EventHub/namespaces/eventhubs@2026-01-01' = {
  parent: namespace
  name: 'alerts'
  properties: {
    partitionCount: 4
    retentionDescription: {
      cleanupPolicy: 'Delete'
      retentionTimeInHours: 168
    }
  }
}

resource consumerGroup 'Microsoft.EventHub/namespaces/eventhubs/consumergroups@2026-01-01' = {
  parent: hub
  name: 'vibedata'
}

resource diagnostics 'Microsoft.Insights/diagnosticSettings@2021-05-01-preview' = {
  scope: namespace
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

@description('Name of the namespace.')
output name string = namespace.name

@description('Id of the namespace.')
output resourceId string = namespace.id

@description('Name of the hub.')
output hubName string = hub.name

@description('Name of the consumer group that the relay reads with.')
output consumerGroupName string = consumerGroup.name

@description('Host that alerts are sent to and read from.')
output fullyQualifiedNamespace string = replace(replace(namespace.properties.serviceBusEndpoint, 'https://', ''), ':443/', '')
