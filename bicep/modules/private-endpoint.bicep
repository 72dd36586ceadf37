metadata description = 'Gives one resource an address in the virtual network, and its names to the private zones.'

@description('Required. Region of the endpoint: that of the virtual network.')
param location string

@description('Required. Name of the resource behind the endpoint; the endpoint is called `pe-` and this.')
param targetName string

@description('Required. Id of the resource behind the endpoint.')
param targetResourceId string

@description('Required. Which of the resource\'s services it is, in the word that Private Link has for it.')
param groupId string

@description('Optional. What keeps several endpoints of one resource apart in their names.')
param nameSuffix string = ''

@description('Required. Id of the subnet that holds private endpoints.')
param subnetResourceId string

@description('Required. Ids of the private zones that answer for the service\'s names.')
param zoneResourceIds array

resource endpoint 'Microsoft.Network/privateEndpoints@2025-09-01' = {
  name: empty(nameSuffix) ? 'pe-${targetName}' : 'pe-${targetName}-${nameSuffix}'
  location: location
  properties: {
    subnet: {
      id: subnetResourceId
    }
    privateLinkServiceConnections: [
      {
        name: groupId
        properties: {
          privateLinkServiceId: targetResourceId
          groupIds: [
            groupId
          ]
        }
      }
    ]
  }
}

resource zoneGroup 'Microsoft.Network/privateEndpoints/privateDnsZoneGroups@2025-09-01' = {
  parent: endpoint
  name: 'default'
  properties: {
    privateDnsZoneConfigs: [
      for (zoneResourceId, index) in zoneResourceIds: {
        name: 'zone-${index}'
        properties: {
          privateDnsZoneId: zoneResourceId
        }
      }
    ]
  }
}

@description('Name of the endpoint.')
output name string = endpoint.name

@description('Id of the endpoint.')
output resourceId string = endpoint.id
