metadata description = 'Phase 12, App GW Deployment: the one door, a web application firewall, open to the listed ranges alone.'

@description('Required. Region.')
param location string

@minLength(13)
@maxLength(13)
@description('Required. Suffix of every name (D11).')
param suffix string

@description('Required. Id of the gateway\'s subnet.')
param subnetResourceId string

@description('Required. The customer\'s public address ranges.')
param customerAddressRanges array

@description('Required. The publisher\'s public address ranges.')
param publisherAddressRanges array

@description('Required. Name under which the instance is reached.')
param hostName string

@description('Required. Address of Airbyte\'s ingress in the cluster\'s subnet.')
param airbyteAddress string

@description('Required. URL of the Key Vault.')
param vaultUri string

@description('Required. Name of the worker\'s machine, which has the placeholder certificate made.')
param workerName string

@description('Required. Client id of vibedata-uami.')
param clientId string

@description('Required. Id of vibedata-uami, which reads the certificate.')
param identityResourceId string

@description('Required. Id of the workspace that diagnostics go to.')
param workspaceResourceId string

@description('Required. Id of this deployment (D2).')
param deploymentAttempt string

var gatewayName = 'agw-${suffix}'
var certificateName = 'gateway'
// Paths under the one name. What no path claims is the Control Panel's.
var backends = [
  {
    name: 'control-panel'
    addresses: [
      {
        fqdn: 'app-control-panel-${suffix}.azurewebsites.net'
      }
    ]
  }
  {
    name: 'studio'
    addresses: [
      {
        fqdn: 'app-studio-${suffix}.azurewebsites.net'
      }
    ]
  }
  {
    name: 'api'
    addresses: [
      {
        fqdn: 'app-api-${suffix}.azurewebsites.net'
      }
    ]
  }
  {
    name: 'airbyte'
    addresses: [
      {
        ipAddress: airbyteAddress
      }
    ]
  }
]
var paths = [
  {
    name: 'studio'
    paths: [
      '/studio'
      '/studio/*'
    ]
    settings: 'apps'
  }
  {
    name: 'api'
    paths: [
      '/api/*'
    ]
    settings: 'apps'
  }
  {
    name: 'airbyte'
    paths: [
      '/airbyte'
      '/airbyte/*'
    ]
    settings: 'airbyte'
  }
]

resource worker 'Microsoft.Compute/virtualMachines@2026-04-01' existing = {
  name: workerName
}

resource placeholder 'Microsoft.Compute/virtualMachines/runCommands@2026-04-01' = {
  parent: worker
  name: 'phase-12-placeholder-certificate'
  location: location
  properties: {
    source: {
      script: loadTextContent('../scripts/placeholder_certificate.py')
    }
    parameters: [
      {
        name: 'VIBEDATA_ATTEMPT'
        value: deploymentAttempt
      }
      {
        name: 'VIBEDATA_AUDIENCE'
        value: 'https://${substring(environment().suffixes.keyvaultDns, 1)}'
      }
      {
        name: 'VIBEDATA_CERTIFICATE'
        value: certificateName
      }
      {
        name: 'VIBEDATA_CLIENT_ID'
        value: clientId
      }
      {
        name: 'VIBEDATA_HOST'
        value: hostName
      }
      {
        name: 'VIBEDATA_VAULT_URL'
        value: vaultUri
      }
    ]
    timeoutInSeconds: 900
    asyncExecution: false
    treatFailureAsDeploymentFailure: true
  }
}

resource address 'Microsoft.Network/publicIPAddresses@2025-09-01' = {
  name: 'pip-gateway-${suffix}'
  location: location
  sku: {
    name: 'Standard'
  }
  properties: {
    publicIPAllocationMethod: 'Static'
    publicIPAddressVersion: 'IPv4'
  }
}

resource policy 'Microsoft.Network/ApplicationGatewayWebApplicationFirewallPolicies@2025-09-01' = {
  name: 'waf-${suffix}'
  location: location
  properties: {
    policySettings: {
      state: 'Enabled'
      mode: 'Prevention'
      requestBodyCheck: true
      maxRequestBodySizeInKb: 128
      fileUploadLimitInMb: 100
    }
    customRules: [
      {
        name: 'DenyUnlisted'
        priority: 10
        ruleType: 'MatchRule'
        action: 'Block'
        matchConditions: [
          {
            matchVariables: [
              {
                variableName: 'RemoteAddr'
              }
            ]
            operator: 'IPMatch'
            negationConditon: true
            matchValues: concat(customerAddressRanges, publisherAddressRanges)
          }
        ]
      }
    ]
    managedRules: {
      managedRuleSets: [
        {
          ruleSetType: 'Microsoft_DefaultRuleSet'
          ruleSetVersion: '2.1'
        }
        {
          ruleSetType: 'Microsoft_BotManagerRuleSet'
          ruleSetVersion: '1.1'
        }
      ]
    }
  }
}

resource gateway 'Microsoft.Network/applicationGateways@2025-09-01' = {
  name: gatewayName
  location: location
  identity: {
    type: 'UserAssigned'
    userAssignedIdentities: {
      '${identityResourceId}': {}
    }
  }
  properties: {
    sku: {
      name: 'WAF_v2'
      tier: 'WAF_v2'
    }
    autoscaleConfiguration: {
      minCapacity: 1
      maxCapacity: 4
    }
    enableHttp2: true
    firewallPolicy: {
      id: policy.id
    }
    sslPolicy: {
      policyType: 'Predefined'
      policyName: 'AppGwSslPolicy20220101S'
    }
    sslCertificates: [
      {
        name: certificateName
        properties: {
          // Without a version: the gateway looks for the next one by itself.
          keyVaultSecretId: '${vaultUri}secrets/${certificateName}'
        }
      }
    ]
    gatewayIPConfigurations: [
      {
        name: 'subnet'
        properties: {
          subnet: {
            id: subnetResourceId
          }
        }
      }
    ]
    frontendIPConfigurations: [
      {
        name: 'public'
        properties: {
          publicIPAddress: {
            id: address.id
          }
        }
      }
    ]
    frontendPorts: [
      {
        name: 'https'
        properties: {
          port: 443
        }
      }
    ]
    backendAddressPools: [
      for backend in backends: {
        name: backend.name
        properties: {
          backendAddresses: backend.addresses
        }
      }
    ]
    probes: [
      {
        name: 'apps'
        properties: {
          protocol: 'Https'
          path: '/health'
          interval: 30
          timeout: 10
          unhealthyThreshold: 3
          pickHostNameFromBackendHttpSettings: true
        }
      }
      {
        name: 'airbyte'
        properties: {
          protocol: 'Http'
          host: airbyteAddress
          path: '/api/v1/health'
          interval: 30
          timeout: 10
          unhealthyThreshold: 3
        }
      }
    ]
    backendHttpSettingsCollection: [
      {
        name: 'apps'
        properties: {
          port: 443
          protocol: 'Https'
          cookieBasedAffinity: 'Disabled'
          pickHostNameFromBackendAddress: true
          requestTimeout: 60
          probe: {
            id: resourceId('Microsoft.Network/applicationGateways/probes', gatewayName, 'apps')
          }
        }
      }
      {
        name: 'airbyte'
        properties: {
          port: 80
          protocol: 'Http'
          cookieBasedAffinity: 'Disabled'
          requestTimeout: 60
          probe: {
            id: resourceId('Microsoft.Network/applicationGateways/probes', gatewayName, 'airbyte')
          }
        }
      }
    ]
    httpListeners: [
      {
        name: 'https'
        properties: {
          protocol: 'Https'
          hostName: hostName
          requireServerNameIndication: true
          frontendIPConfiguration: {
            id: resourceId('Microsoft.Network/applicationGateways/frontendIPConfigurations', gatewayName, 'public')
          }
          frontendPort: {
            id: resourceId('Microsoft.Network/applicationGateways/frontendPorts', gatewayName, 'https')
          }
          sslCertificate: {
            id: resourceId('Microsoft.Network/applicationGateways/sslCertificates', gatewayName, certificateName)
          }
        }
      }
    ]
    urlPathMaps: [
      {
        name: 'paths'
        properties: {
          defaultBackendAddressPool: {
            id: resourceId('Microsoft.Network/applicationGateways/backendAddressPools', gatewayName, 'control-panel')
          }
          defaultBackendHttpSettings: {
            id: resourceId('Microsoft.Network/applicationGateways/backendHttpSettingsCollection', gatewayName, 'apps')
          }
          pathRules: [
            for path in paths: {
              name: path.name
              properties: {
                paths: path.paths
                backendAddressPool: {
                  id: resourceId('Microsoft.Network/applicationGateways/backendAddressPools', gatewayName, path.name)
                }
                backendHttpSettings: {
                  id: resourceId(
                    'Microsoft.Network/applicationGateways/backendHttpSettingsCollection',
                    gatewayName,
                    path.settings
                  )
                }
              }
            }
          ]
        }
      }
    ]
    requestRoutingRules: [
      {
        name: 'paths'
        properties: {
          ruleType: 'PathBasedRouting'
          priority: 100
          httpListener: {
            id: resourceId('Microsoft.Network/applicationGateways/httpListeners', gatewayName, 'https')
          }
          urlPathMap: {
            id: resourceId('Microsoft.Network/applicationGateways/urlPathMaps', gatewayName, 'paths')
          }
        }
      }
    ]
  }
  // No gateway without a certificate, and no certificate from a template.
  dependsOn: [
    placeholder
  ]
}

resource diagnostics 'Microsoft.Insights/diagnosticSettings@2021-05-01-preview' = {
  scope: gateway
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

resource addressDiagnostics 'Microsoft.Insights/diagnosticSettings@2021-05-01-preview' = {
  scope: address
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

@description('Name of the gateway.')
output name string = gateway.name

@description('Id of the gateway.')
output resourceId string = gateway.id

@description('Public address of the gateway.')
output publicAddress string = address.properties.ipAddress
