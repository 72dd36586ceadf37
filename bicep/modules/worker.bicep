metadata description = 'The one worker (D1): it runs the deployment\'s Run Commands and, once registered, the runbooks.'

@description('Required. Region.')
param location string

@minLength(13)
@maxLength(13)
@description('Required. Suffix of every name (D11).')
param suffix string

@description('Required. Size of the machine: two cores and 4 GB at least.')
param size string

@description('Required. Publisher, offer, sku and version of the image.')
param image object

@description('Required. Interpreter that runs Python 3.10 runbooks.')
param pythonPath string

@description('Required. Directory of the engine on the machine.')
param home string

@description('Required. Name of the login that the image insists on; nothing listens for it.')
param adminUsername string

@description('Required. Public key of that login.')
param adminPublicKey string

@description('Required. Id of the worker\'s subnet.')
param subnetResourceId string

@description('Required. Id of vibedata-uami, which everything on the machine runs as.')
param identityResourceId string

@description('Required. Id of the workspace that diagnostics go to.')
param workspaceResourceId string

resource networkInterface 'Microsoft.Network/networkInterfaces@2025-09-01' = {
  name: 'nic-worker-${suffix}'
  location: location
  properties: {
    ipConfigurations: [
      {
        name: 'private'
        properties: {
          privateIPAllocationMethod: 'Dynamic'
          subnet: {
            id: subnetResourceId
          }
        }
      }
    ]
  }
}

resource networkInterfaceDiagnostics 'Microsoft.Insights/diagnosticSettings@2021-05-01-preview' = {
  scope: networkInterface
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

resource machine 'Microsoft.Compute/virtualMachines@2026-04-01' = {
  name: 'vm-worker-${suffix}'
  location: location
  identity: {
    // The extension registers with the system's identity, which has no role; everything else names the other.
    type: 'SystemAssigned, UserAssigned'
    userAssignedIdentities: {
      '${identityResourceId}': {}
    }
  }
  properties: {
    hardwareProfile: {
      vmSize: size
    }
    storageProfile: {
      imageReference: {
        publisher: image.publisher
        offer: image.offer
        sku: image.sku
        version: image.version
      }
      osDisk: {
        createOption: 'FromImage'
        caching: 'ReadWrite'
        deleteOption: 'Delete'
        diskSizeGB: 64
        managedDisk: {
          storageAccountType: 'Premium_LRS'
        }
      }
    }
    osProfile: {
      computerName: 'worker'
      adminUsername: adminUsername
      customData: base64(format(loadTextContent('../worker.cloud-config.yaml'), home, pythonPath))
      linuxConfiguration: {
        disablePasswordAuthentication: true
        provisionVMAgent: true
        patchSettings: {
          assessmentMode: 'AutomaticByPlatform'
          patchMode: 'AutomaticByPlatform'
        }
        ssh: {
          publicKeys: [
            {
              path: '/home/${adminUsername}/.ssh/authorized_keys'
              keyData: adminPublicKey
            }
          ]
        }
      }
    }
    securityProfile: {
      securityType: 'TrustedLaunch'
      uefiSettings: {
        secureBootEnabled: true
        vTpmEnabled: true
      }
    }
    networkProfile: {
      networkInterfaces: [
        {
          id: networkInterface.id
          properties: {
            deleteOption: 'Delete'
          }
        }
      ]
    }
  }
}

@description('Name of the machine.')
output name string = machine.name

@description('Id of the machine.')
output resourceId string = machine.id
