metadata description = 'Phase 11, Airbyte Deployment: a cluster without a public address; Airbyte itself is installed from inside.'

@description('Required. Region.')
param location string

@minLength(13)
@maxLength(13)
@description('Required. Suffix of every name (D11).')
param suffix string

@description('Required. Size of a node.')
param nodeSize string

@description('Required. Nodes to start with.')
param nodeCount int

@description('Required. Name of the virtual network.')
param networkName string

@description('Required. Id of the cluster\'s subnet.')
param subnetResourceId string

@description('Required. Id of the private zone of clusters.')
param zoneResourceId string

@description('Required. Name of that zone.')
param zoneName string

@description('Required. Id of the workspace that diagnostics go to.')
param workspaceResourceId string

@description('Required. Entra tenant that the cluster trusts.')
param tenantId string

@description('Required. Client id of vibedata-uami.')
param clientId string

@description('Required. The rows of rbac.json for vibedata-uami.')
param assignments array

@description('Required. Object id of vibedata-uami.')
param principalId string

@description('Required. Id of vibedata-uami.')
param principalResourceId string

@description('Required. Whether the deployment comes from another tenant.')
param crossTenant bool

@description('What the cluster may do in the network, before there is a cluster.')
module networkRoles '../modules/role-assignment.bicep' = {
  name: '11-roles-network'
  params: {
    assignments: filter(assignments, row => row.scope == 'virtualNetwork')
    scopeKind: 'virtualNetwork'
    scopeName: networkName
    principalId: principalId
    principalResourceId: principalResourceId
    crossTenant: crossTenant
  }
}

@description('Who may write the cluster\'s address into the zone, before there is a cluster.')
module zoneRoles '../modules/role-assignment.bicep' = {
  name: '11-roles-zone'
  params: {
    assignments: filter(assignments, row => row.scope == 'privateDnsZone')
    scopeKind: 'privateDnsZone'
    scopeName: zoneName
    principalId: principalId
    principalResourceId: principalResourceId
    crossTenant: crossTenant
  }
}

// Nothing of ours touches the node resource group: rights there take longer than a whole deployment.
resource cluster 'Microsoft.ContainerService/managedClusters@2026-05-01' = {
  name: 'aks-${suffix}'
  location: location
  sku: {
    name: 'Base'
    tier: 'Standard'
  }
  identity: {
    type: 'UserAssigned'
    userAssignedIdentities: {
      '${principalResourceId}': {}
    }
  }
  properties: {
    dnsPrefix: 'vibedata'
    enableRBAC: true
    disableLocalAccounts: true
    publicNetworkAccess: 'Disabled'
    aadProfile: {
      managed: true
      enableAzureRBAC: true
      tenantID: tenantId
    }
    apiServerAccessProfile: {
      enablePrivateCluster: true
      enablePrivateClusterPublicFQDN: false
      privateDNSZone: zoneResourceId
      disableRunCommand: false
    }
    // The nodes pull with the same identity, which exists before they do.
    identityProfile: {
      kubeletidentity: {
        clientId: clientId
        objectId: principalId
        resourceId: principalResourceId
      }
    }
    networkProfile: {
      networkPlugin: 'azure'
      networkPluginMode: 'overlay'
      networkPolicy: 'cilium'
      networkDataplane: 'cilium'
      outboundType: 'userAssignedNATGateway'
      loadBalancerSku: 'standard'
      // Carrier-grade NAT space: no customer's network overlaps it.
      podCidr: '100.64.0.0/16'
      serviceCidr: '100.65.0.0/16'
      dnsServiceIP: '100.65.0.10'
    }
    agentPoolProfiles: [
      {
        name: 'system'
        mode: 'System'
        type: 'VirtualMachineScaleSets'
        count: nodeCount
        minCount: nodeCount
        maxCount: nodeCount + 3
        enableAutoScaling: true
        vmSize: nodeSize
        osType: 'Linux'
        osSKU: 'AzureLinux'
        osDiskSizeGB: 128
        maxPods: 110
        vnetSubnetID: subnetResourceId
        upgradeSettings: {
          maxSurge: '33%'
        }
      }
    ]
    autoUpgradeProfile: {
      upgradeChannel: 'patch'
      nodeOSUpgradeChannel: 'NodeImage'
    }
    oidcIssuerProfile: {
      enabled: true
    }
    securityProfile: {
      workloadIdentity: {
        enabled: true
      }
      imageCleaner: {
        enabled: true
        intervalHours: 168
      }
    }
  }
  dependsOn: [
    networkRoles
    zoneRoles
  ]
}

resource diagnostics 'Microsoft.Insights/diagnosticSettings@2021-05-01-preview' = {
  scope: cluster
  name: 'workspace'
  properties: {
    workspaceId: workspaceResourceId
    // Without `kube-audit`, which alone outweighs everything else here; `kube-audit-admin` holds every change.
    logs: [
      {
        category: 'kube-apiserver'
        enabled: true
      }
      {
        category: 'kube-audit-admin'
        enabled: true
      }
      {
        category: 'kube-controller-manager'
        enabled: true
      }
      {
        category: 'cluster-autoscaler'
        enabled: true
      }
      {
        category: 'guard'
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

@description('Who may run commands in the cluster.')
module clusterRoles '../modules/role-assignment.bicep' = {
  name: '11-roles-cluster'
  params: {
    assignments: filter(assignments, row => row.scope == 'managedCluster')
    scopeKind: 'managedCluster'
    scopeName: cluster.name
    principalId: principalId
    principalResourceId: principalResourceId
    crossTenant: crossTenant
  }
}

@description('Name of the cluster.')
output name string = cluster.name

@description('Id of the cluster.')
output resourceId string = cluster.id
