metadata description = 'Diagnostic settings of the network, apart from it: the network need not wait for the workspace.'

@description('Required. Name of the virtual network.')
param networkName string

@description('Required. Names of the network security groups.')
param guardNames array

@description('Required. Name of the NAT gateway.')
param natGatewayName string

@description('Required. Name of the NAT gateway\'s public address.')
param outboundAddressName string

@description('Required. Id of the workspace that diagnostics go to.')
param workspaceResourceId string

resource network 'Microsoft.Network/virtualNetworks@2025-09-01' existing = {
  name: networkName
}

resource guards 'Microsoft.Network/networkSecurityGroups@2025-09-01' existing = [
  for name in guardNames: {
    name: name
  }
]

resource natGateway 'Microsoft.Network/natGateways@2025-09-01' existing = {
  name: natGatewayName
}

resource outboundAddress 'Microsoft.Network/publicIPAddresses@2025-09-01' existing = {
  name: outboundAddressName
}

resource networkDiagnostics 'Microsoft.Insights/diagnosticSettings@2021-05-01-preview' = {
  scope: network
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

resource guardDiagnostics 'Microsoft.Insights/diagnosticSettings@2021-05-01-preview' = [
  for (name, index) in guardNames: {
    scope: guards[index]
    name: 'workspace'
    properties: {
      workspaceId: workspaceResourceId
      logs: [
        {
          categoryGroup: 'allLogs'
          enabled: true
        }
      ]
    }
  }
]

resource outboundDiagnostics 'Microsoft.Insights/diagnosticSettings@2021-05-01-preview' = {
  scope: outboundAddress
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

resource natDiagnostics 'Microsoft.Insights/diagnosticSettings@2021-05-01-preview' = {
  scope: natGateway
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

@description('How many network security groups report.')
output count int = length(guardNames)
