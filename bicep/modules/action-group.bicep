metadata description = 'Where every alert of the instance goes: into the event hub, sent by the group\'s own identity (D7).'

@minLength(13)
@maxLength(13)
@description('Required. Suffix of every name (D11).')
param suffix string

@description('Required. Name of the event hub\'s namespace.')
param eventHubNamespaceName string

@description('Required. Name of the hub.')
param eventHubName string

@description('Required. Entra tenant of the hub.')
param tenantId string

// The version is a preview because only there a group has an identity.
resource actionGroup 'Microsoft.Insights/actionGroups@2024-10-01-preview' = {
  name: 'ag-vibedata-${suffix}'
  // Service Health alerts reach only a global group.
  location: 'global'
  identity: {
    type: 'SystemAssigned'
  }
  properties: {
    enabled: true
    groupShortName: 'vibedata'
    eventHubReceivers: [
      {
        name: 'alerts'
        eventHubNameSpace: eventHubNamespaceName
        eventHubName: eventHubName
        managedIdentity: 'SystemAssigned'
        subscriptionId: subscription().subscriptionId
        tenantId: tenantId
        useCommonAlertSchema: true
      }
    ]
  }
}

@description('Name of the group.')
output name string = actionGroup.name

@description('Id of the group.')
output resourceId string = actionGroup.id

@description('Object id of the group\'s own identity.')
output principalId string = actionGroup.identity.principalId
