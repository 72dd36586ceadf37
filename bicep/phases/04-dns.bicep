metadata description = 'Phase 4, DNS Infrastructure: every private zone in use, linked to the virtual network.'

@description('Required. Region, which is part of some zones\' names.')
param location string

@description('Required. Id of the virtual network that resolves the zones.')
param virtualNetworkResourceId string

var zoneNames = {
  ai: 'privatelink.services.ai.azure.com'
  aks: 'privatelink.${location}.azmk8s.io'
  automation: 'privatelink.azure-automation.net'
  blob: 'privatelink.blob.${environment().suffixes.storage}'
  cognitiveServices: 'privatelink.cognitiveservices.azure.com'
  containerRegistry: 'privatelink.azurecr.io'
  eventHub: 'privatelink.servicebus.windows.net'
  keyVault: 'privatelink.vaultcore.azure.net'
  monitor: 'privatelink.monitor.azure.com'
  monitorAgent: 'privatelink.agentsvc.azure-automation.net'
  monitorData: 'privatelink.ods.opinsights.azure.com'
  monitorWorkspace: 'privatelink.oms.opinsights.azure.com'
  openAi: 'privatelink.openai.azure.com'
  postgres: 'privatelink.postgres.database.azure.com'
  queue: 'privatelink.queue.${environment().suffixes.storage}'
  search: 'privatelink.search.windows.net'
  sites: 'privatelink.azurewebsites.net'
  table: 'privatelink.table.${environment().suffixes.storage}'
}

resource zones 'Microsoft.Network/privateDnsZones@2024-06-01' = [
  for zone in items(zoneNames): {
    name: zone.value
    location: 'global'
  }
]

resource links 'Microsoft.Network/privateDnsZones/virtualNetworkLinks@2024-06-01' = [
  for (zone, index) in items(zoneNames): {
    parent: zones[index]
    name: 'vnet-vibedata'
    location: 'global'
    properties: {
      registrationEnabled: false
      virtualNetwork: {
        id: virtualNetworkResourceId
      }
    }
  }
]

@description('Ids of the zones, by the short names that the other phases use.')
output zoneResourceIds object = toObject(
  items(zoneNames),
  zone => zone.key,
  zone => resourceId('Microsoft.Network/privateDnsZones', zone.value)
)

@description('Name of the zone of the cluster\'s own address.')
output aksZoneName string = zoneNames.aks
