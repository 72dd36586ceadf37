metadata description = 'Phase 3, Network Foundation: the virtual network, its subnets, what each may reach, and the one way out.'

@description('Required. Region.')
param location string

@minLength(13)
@maxLength(13)
@description('Required. Suffix of every name (D11).')
param suffix string

@description('Required. Address range of the virtual network, of 2,048 addresses or more.')
param addressPrefix string

@description('Required. Address ranges that may open the applications: the customer\'s and the publisher\'s.')
param allowedAddressRanges array

// What leaves by Private Link stays inside and needs no rule. A tag without a reason is a hole.
var toEntra = {
  name: 'allow-entra'
  tag: 'AzureActiveDirectory'
  ports: '443'
  why: 'Tokens of the managed identity, and the keys to check them with'
  access: 'Allow'
  protocol: 'Tcp'
  priority: 100
}
var toResourceManager = {
  name: 'allow-resource-manager'
  tag: 'AzureResourceManager'
  ports: '443'
  why: 'ARM: import, publish, inventory and health ask it'
  access: 'Allow'
  protocol: 'Tcp'
  priority: 110
}
var toMonitor = {
  name: 'allow-monitor'
  tag: 'AzureMonitor'
  ports: '443'
  why: 'Control plane of the agents; log data itself goes by Private Link'
  access: 'Allow'
  protocol: 'Tcp'
  priority: 120
}
var toImages = {
  name: 'allow-microsoft-registry'
  tag: 'MicrosoftContainerRegistry'
  ports: '443'
  why: 'MCR holds the images of nodes and of the platform'
  access: 'Allow'
  protocol: 'Tcp'
  priority: 130
}
var toImageLayers = {
  name: 'allow-front-door'
  tag: 'AzureFrontDoor.FirstParty'
  ports: '443'
  why: 'MCR hands its layers out through Front Door; node packages too'
  access: 'Allow'
  protocol: 'Tcp'
  priority: 140
}
var toAutomation = {
  name: 'allow-automation'
  tag: 'GuestAndHybridManagement'
  ports: '443'
  why: 'Automation: the worker asks for jobs until Private Link is in force'
  access: 'Allow'
  protocol: 'Tcp'
  priority: 150
}
var toStorage = {
  name: 'allow-storage'
  tag: 'Storage.${location}'
  ports: '443'
  why: 'The agent fetches extensions and returns Run Commands\' ends here'
  access: 'Allow'
  protocol: 'Tcp'
  priority: 160
}
var toCluster = {
  name: 'allow-region'
  tag: 'AzureCloud.${location}'
  ports: '443'
  why: 'AKS: nodes register, and fetch what their version needs, in the region'
  access: 'Allow'
  protocol: 'Tcp'
  priority: 170
}
var toFabric = {
  name: 'allow-fabric'
  tag: 'PowerBI'
  ports: '443'
  why: 'Onboarding: the customer\'s Fabric workspaces'
  access: 'Allow'
  protocol: 'Tcp'
  priority: 180
}
var toInternet = {
  name: 'allow-https'
  tag: 'Internet'
  ports: '443'
  why: 'The publisher\'s signed interfaces and GitHub, which no service tag names'
  access: 'Allow'
  protocol: 'Tcp'
  priority: 190
}
var toNothingElse = {
  name: 'deny-internet'
  tag: 'Internet'
  ports: '*'
  why: 'Everything else stays inside'
  access: 'Deny'
  protocol: '*'
  priority: 4096
}

var guarded = [
  {
    name: 'endpoints'
    outbound: [
      toNothingElse
    ]
  }
  {
    name: 'cluster'
    outbound: [
      toEntra
      toResourceManager
      toMonitor
      toImages
      toImageLayers
      toCluster
      toStorage
      toNothingElse
    ]
  }
  {
    name: 'apps'
    outbound: [
      toEntra
      toResourceManager
      toMonitor
      toFabric
      toInternet
      toNothingElse
    ]
  }
  {
    name: 'functions'
    outbound: [
      toEntra
      toResourceManager
      toMonitor
      toImages
      toImageLayers
      toNothingElse
    ]
  }
  {
    name: 'worker'
    outbound: [
      toEntra
      toResourceManager
      toMonitor
      toAutomation
      toStorage
      toImages
      toImageLayers
      toNothingElse
    ]
  }
]

resource guards 'Microsoft.Network/networkSecurityGroups@2025-09-01' = [
  for subnet in guarded: {
    name: 'nsg-${subnet.name}-${suffix}'
    location: location
    properties: {
      securityRules: [
        for rule in subnet.outbound: {
          name: rule.name
          properties: {
            description: rule.why
            direction: 'Outbound'
            access: rule.access
            priority: rule.priority
            protocol: rule.protocol
            sourceAddressPrefix: '*'
            sourcePortRange: '*'
            destinationAddressPrefix: rule.tag
            destinationPortRange: rule.ports
          }
        }
      ]
    }
  }
]

resource gatewayGuard 'Microsoft.Network/networkSecurityGroups@2025-09-01' = {
  name: 'nsg-gateway-${suffix}'
  location: location
  properties: {
    securityRules: [
      {
        name: 'allow-listed'
        properties: {
          description: 'The customer\'s and the publisher\'s ranges; the firewall policy lists them too'
          direction: 'Inbound'
          access: 'Allow'
          priority: 100
          protocol: 'Tcp'
          sourceAddressPrefixes: allowedAddressRanges
          sourcePortRange: '*'
          destinationAddressPrefix: '*'
          destinationPortRange: '443'
        }
      }
      {
        name: 'allow-gateway-manager'
        properties: {
          description: 'Azure runs the gateway through these ports; without them it is unhealthy'
          direction: 'Inbound'
          access: 'Allow'
          priority: 110
          protocol: 'Tcp'
          sourceAddressPrefix: 'GatewayManager'
          sourcePortRange: '*'
          destinationAddressPrefix: '*'
          destinationPortRange: '65200-65535'
        }
      }
      {
        name: 'allow-load-balancer'
        properties: {
          description: 'Azure\'s probes of the gateway\'s own instances'
          direction: 'Inbound'
          access: 'Allow'
          priority: 120
          protocol: '*'
          sourceAddressPrefix: 'AzureLoadBalancer'
          sourcePortRange: '*'
          destinationAddressPrefix: '*'
          destinationPortRange: '*'
        }
      }
      {
        name: 'deny-rest'
        properties: {
          description: 'Nobody else comes in'
          direction: 'Inbound'
          access: 'Deny'
          priority: 4096
          protocol: '*'
          sourceAddressPrefix: 'Internet'
          sourcePortRange: '*'
          destinationAddressPrefix: '*'
          destinationPortRange: '*'
        }
      }
    ]
  }
}

resource outboundAddress 'Microsoft.Network/publicIPAddresses@2025-09-01' = {
  name: 'pip-outbound-${suffix}'
  location: location
  sku: {
    name: 'Standard'
  }
  properties: {
    publicIPAllocationMethod: 'Static'
    publicIPAddressVersion: 'IPv4'
  }
}

resource natGateway 'Microsoft.Network/natGateways@2025-09-01' = {
  name: 'ng-${suffix}'
  location: location
  sku: {
    name: 'Standard'
  }
  properties: {
    idleTimeoutInMinutes: 10
    publicIpAddresses: [
      {
        id: outboundAddress.id
      }
    ]
  }
}

// The first 2,048 addresses, cut from the largest subnet to the smallest.
resource network 'Microsoft.Network/virtualNetworks@2025-09-01' = {
  name: 'vnet-vibedata'
  location: location
  properties: {
    addressSpace: {
      addressPrefixes: [
        addressPrefix
      ]
    }
    subnets: [
      {
        // Its instances take public traffic on an address of their own: no NAT, and Azure forbids to deny its way out.
        name: 'gateway'
        properties: {
          addressPrefix: cidrSubnet(addressPrefix, 24, 0)
          defaultOutboundAccess: false
          networkSecurityGroup: {
            id: gatewayGuard.id
          }
        }
      }
      {
        name: 'endpoints'
        properties: {
          addressPrefix: cidrSubnet(addressPrefix, 24, 1)
          defaultOutboundAccess: false
          privateEndpointNetworkPolicies: 'Enabled'
          networkSecurityGroup: {
            id: guards[0].id
          }
        }
      }
      {
        name: 'cluster'
        properties: {
          addressPrefix: cidrSubnet(addressPrefix, 23, 1)
          defaultOutboundAccess: false
          networkSecurityGroup: {
            id: guards[1].id
          }
          natGateway: {
            id: natGateway.id
          }
        }
      }
      {
        name: 'apps'
        properties: {
          addressPrefix: cidrSubnet(addressPrefix, 26, 16)
          defaultOutboundAccess: false
          delegations: [
            {
              name: 'app-service'
              properties: {
                serviceName: 'Microsoft.Web/serverFarms'
              }
            }
          ]
          networkSecurityGroup: {
            id: guards[2].id
          }
          natGateway: {
            id: natGateway.id
          }
        }
      }
      {
        // Flex Consumption runs in App environments, not in App Service's own.
        name: 'functions'
        properties: {
          addressPrefix: cidrSubnet(addressPrefix, 26, 17)
          defaultOutboundAccess: false
          delegations: [
            {
              name: 'flex-consumption'
              properties: {
                serviceName: 'Microsoft.App/environments'
              }
            }
          ]
          networkSecurityGroup: {
            id: guards[3].id
          }
          natGateway: {
            id: natGateway.id
          }
        }
      }
      {
        name: 'worker'
        properties: {
          addressPrefix: cidrSubnet(addressPrefix, 27, 36)
          defaultOutboundAccess: false
          networkSecurityGroup: {
            id: guards[4].id
          }
          natGateway: {
            id: natGateway.id
          }
        }
      }
    ]
  }
}

@description('Name of the virtual network.')
output name string = network.name

@description('Id of the virtual network.')
output resourceId string = network.id

@description('Ids of the subnets, by their names.')
output subnetResourceIds object = {
  apps: resourceId('Microsoft.Network/virtualNetworks/subnets', network.name, 'apps')
  cluster: resourceId('Microsoft.Network/virtualNetworks/subnets', network.name, 'cluster')
  endpoints: resourceId('Microsoft.Network/virtualNetworks/subnets', network.name, 'endpoints')
  functions: resourceId('Microsoft.Network/virtualNetworks/subnets', network.name, 'functions')
  gateway: resourceId('Microsoft.Network/virtualNetworks/subnets', network.name, 'gateway')
  worker: resourceId('Microsoft.Network/virtualNetworks/subnets', network.name, 'worker')
}

@description('Address in the cluster\'s subnet that Airbyte\'s ingress takes, and the gateway asks.')
output airbyteAddress string = cidrHost(cidrSubnet(addressPrefix, 23, 1), 500)

@description('Names of the rule sets, one for each subnet.')
output guardNames array = concat(map(guarded, subnet => 'nsg-${subnet.name}-${suffix}'), ['nsg-gateway-${suffix}'])

@description('Name of the NAT gateway.')
output natGatewayName string = natGateway.name

@description('Name of the public address behind the NAT gateway.')
output outboundAddressName string = outboundAddress.name

@description('Address from which the instance reaches the outside.')
output outboundAddress string = outboundAddress.properties.ipAddress
