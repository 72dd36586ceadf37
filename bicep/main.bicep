metadata description = 'Vibedata in a customer\'s tenant: RFC-60\'s fifteen phases, wired. What a phase creates is in its own file.'

targetScope = 'resourceGroup'

// --- the instance -------------------------------------------------------------------------------------------

@description('Optional. Region of everything; the managed resource group\'s own unless it says otherwise.')
param location string = resourceGroup().location

@minLength(4)
@maxLength(36)
@description('Required. Id of the instance, minted by the Create form and kept for its whole life: every name follows from it (D11).')
param instanceId string

@description('Optional. Domain of the publisher under which the instance gets its name.')
param instanceDomain string = 'vibedata.ai'

@description('Required. Whether the deployment comes from the publisher\'s tenant into another: only then may role assignments name their identity\'s resource.')
param crossTenant bool

@description('Optional. Id of this deployment; the default is another one each time, so that pressing Create again runs every step again (D2).')
param deploymentAttempt string = newGuid()

// --- the release: fixed when the offer is packed (D3) -------------------------------------------------------

@description('Required. Login server of the publisher\'s container registry.')
param publisherRegistry string

@description('Optional. Repository of the release manifest in the publisher\'s registry.')
param releaseRepository string = 'vibedata/release'

@minLength(1)
@description('Required. Public keys, `ed25519:<base64url>`, of which a release must be signed.')
param releaseKeys array

@minValue(1)
@maxValue(16)
@description('Optional. How many of the keys must have signed.')
param releaseThreshold int = 1

@description('Required. Repository of the first engine bundle in the publisher\'s registry.')
param bundleRepository string

@minLength(71)
@maxLength(71)
@description('Required. Digest of the first engine bundle, `sha256:<hex>`: the root of trust.')
param bundleDigest string

@minLength(1)
@description('Required. Tag that every imported image gets; apps name it until they are pinned to digests (D5).')
param imageTag string

@description('Required. Subscription of the publisher\'s public vault, which holds the pull token\'s password.')
param publisherVaultSubscriptionId string

@description('Required. Resource group of the publisher\'s public vault.')
param publisherVaultResourceGroup string

@description('Required. Name of the publisher\'s public vault.')
param publisherVaultName string

@description('Required. Name of the secret there.')
param publisherTokenSecretName string

@description('Required. Name of the pull token: the user name that goes with the secret.')
param publisherTokenName string

// --- network ------------------------------------------------------------------------------------------------

@description('Required. Address range of the virtual network, private, of 2,048 addresses or more (/21 or wider).')
param virtualNetworkPrefix string

@minLength(1)
@description('Required. The customer\'s public address ranges, from which the applications may be opened.')
param customerAddressRanges array

@minLength(1)
@description('Required. The publisher\'s public address ranges, from which support may open them.')
param publisherAddressRanges array

// --- the worker ---------------------------------------------------------------------------------------------

@description('Required. SSH public key that the worker\'s image insists on. No port is open to it.')
param workerAdminPublicKey string

@description('Optional. Name of the login that goes with the key.')
param workerAdminUsername string = 'vibedata'

@description('Optional. Size of the worker: two cores and 4 GB at least.')
param workerSize string = 'Standard_D2s_v5'

@description('Optional. Publisher, offer, sku and version of the worker\'s image: Ubuntu 22.04, whose own Python is 3.10 (D1).')
param workerImage object = {
  publisher: 'Canonical'
  offer: '0001-com-ubuntu-server-jammy'
  sku: '22_04-lts-gen2'
  version: 'latest'
}

@description('Optional. Interpreter of the worker that runs runbooks.')
param workerPythonPath string = '/usr/bin/python3'

@description('Optional. Directory of the engine on the worker.')
param workerHome string = '/opt/vibedata'

// --- services -----------------------------------------------------------------------------------------------

@allowed([
  'Standard_LRS'
  'Standard_ZRS'
])
@description('Optional. Redundancy of the storage account; regions without zones have the first alone.')
param storageRedundancy string = 'Standard_ZRS'

@description('Optional. Whether the Automation account\'s public addresses answer. Closing them takes Azure up to 35 minutes, more than a deployment has (docs/decisions/0014).')
param automationPublicNetworkAccess bool = true

@allowed([
  'Enabled'
  'Disabled'
])
@description('Optional. Whether logs may be queried from outside the virtual network, as the portal does.')
param logPublicQueryAccess string = 'Disabled'

@minValue(30)
@maxValue(730)
@description('Optional. Days that logs stay queryable.')
param logRetentionInDays int = 90

@minValue(30)
@maxValue(4383)
@description('Optional. Days that operations rows, the record of everything done, are kept in all.')
param operationsRetentionInDays int = 730

@minValue(1)
@maxValue(146000)
@description('Optional. Days for which a stored manifest or artifact can be neither changed nor deleted.')
param immutabilityDays int = 365

@allowed([
  'Disabled'
  'SameZone'
  'ZoneRedundant'
])
@description('Optional. High availability of the database; zone-redundant takes the deployment past its half hour.')
param databaseHighAvailability string = 'Disabled'

@description('Optional. Size of the database server.')
param databaseSize string = 'Standard_D2ds_v5'

@description('Optional. Size of the plan that the three applications share.')
param appPlanSize string = 'P1v3'

@description('Optional. Size of a node of the cluster.')
param clusterNodeSize string = 'Standard_D4s_v5'

@minValue(2)
@maxValue(10)
@description('Optional. Nodes that the cluster starts with.')
param clusterNodeCount int = 2

@allowed([
  'basic'
  'standard'
  'standard2'
])
@description('Optional. Size of AI Search.')
param searchSize string = 'basic'

@description('Optional. Settings of the engine that differ here from its defaults, by name (docs/settings.md).')
param engineSettings object = {}

// --- what follows from the parameters -----------------------------------------------------------------------

var suffix = uniqueString(resourceGroup().id, instanceId)
var workerGroupName = 'vibedata-workers'
var rbac = loadJsonContent('rbac.json').assignments
// A row is for vibedata-uami unless it names another principal, and the one other is the action group.
var ownRoles = filter(rbac, row => !contains(row, 'principal'))
var steps = loadJsonContent('sequence.json').steps
// The verbs that the engine has. The rest is wired, and runs once sequence.json calls it ready.
var ready = map(filter(steps, row => row.?state == 'ready'), row => row.step)
var armEndpoint = engineSettings.?arm_endpoint ?? substring(
  environment().resourceManager,
  0,
  length(environment().resourceManager) - 1
)

resource publisherVault 'Microsoft.KeyVault/vaults@2026-02-01' existing = {
  scope: resourceGroup(publisherVaultSubscriptionId, publisherVaultResourceGroup)
  name: publisherVaultName
}

// --- phases 1 to 6: the foundation --------------------------------------------------------------------------

@description('Phase 1.')
module identity 'phases/01-identity.bicep' = {
  name: '01-identity'
  params: {
    location: location
    crossTenant: crossTenant
    assignments: ownRoles
  }
}

@description('Phase 2.')
module observability 'phases/02-observability.bicep' = {
  name: '02-observability'
  params: {
    location: location
    suffix: suffix
    operationsTable: loadJsonContent('operations_columns.json')
    retentionInDays: logRetentionInDays
    operationsRetentionInDays: operationsRetentionInDays
    publicQueryAccess: logPublicQueryAccess
  }
}

@description('Phase 2: who may send operations rows. Apart, so that the workspace need not wait for the identity.')
module observabilityRoles 'modules/role-assignment.bicep' = {
  name: '02-roles-rule'
  params: {
    assignments: filter(ownRoles, row => row.scope == 'dataCollectionRule')
    scopeKind: 'dataCollectionRule'
    scopeName: observability.outputs.ruleName
    principalId: identity.outputs.principalId
    principalResourceId: identity.outputs.resourceId
    crossTenant: crossTenant
  }
}

@description('Phase 2: who may send telemetry.')
module insightsRoles 'modules/role-assignment.bicep' = {
  name: '02-roles-insights'
  params: {
    assignments: filter(ownRoles, row => row.scope == 'applicationInsights')
    scopeKind: 'applicationInsights'
    scopeName: observability.outputs.insightsName
    principalId: identity.outputs.principalId
    principalResourceId: identity.outputs.resourceId
    crossTenant: crossTenant
  }
}

@description('Phase 3.')
module network 'phases/03-network.bicep' = {
  name: '03-network'
  params: {
    location: location
    suffix: suffix
    addressPrefix: virtualNetworkPrefix
    allowedAddressRanges: concat(customerAddressRanges, publisherAddressRanges)
  }
}

@description('Phase 3: the network\'s diagnostic settings. Apart, so that the network need not wait for the workspace.')
module networkDiagnostics 'modules/network-diagnostics.bicep' = {
  name: '03-diagnostics'
  params: {
    networkName: network.outputs.name
    guardNames: network.outputs.guardNames
    natGatewayName: network.outputs.natGatewayName
    outboundAddressName: network.outputs.outboundAddressName
    workspaceResourceId: observability.outputs.resourceId
  }
}

@description('Phase 4.')
module dns 'phases/04-dns.bicep' = {
  name: '04-dns'
  params: {
    location: location
    virtualNetworkResourceId: network.outputs.resourceId
  }
}

@description('Phase 4: the monitoring services\' endpoint, which could not come with them for want of network and zones.')
module monitorEndpoint 'modules/private-endpoint.bicep' = {
  name: '04-endpoint-monitor'
  params: {
    location: location
    targetName: observability.outputs.privateLinkScopeName
    targetResourceId: observability.outputs.privateLinkScopeResourceId
    groupId: 'azuremonitor'
    subnetResourceId: network.outputs.subnetResourceIds.endpoints
    zoneResourceIds: [
      dns.outputs.zoneResourceIds.monitor
      dns.outputs.zoneResourceIds.monitorWorkspace
      dns.outputs.zoneResourceIds.monitorData
      dns.outputs.zoneResourceIds.monitorAgent
      dns.outputs.zoneResourceIds.blob
    ]
  }
}

@description('Phase 5.')
module security 'phases/05-security.bicep' = {
  name: '05-security'
  params: {
    location: location
    suffix: suffix
    tenantId: identity.outputs.tenantId
    endpointSubnetResourceId: network.outputs.subnetResourceIds.endpoints
    zoneResourceIds: dns.outputs.zoneResourceIds
    workspaceResourceId: observability.outputs.resourceId
    assignments: ownRoles
    principalId: identity.outputs.principalId
    principalResourceId: identity.outputs.resourceId
    crossTenant: crossTenant
  }
}

@description('Phase 6: Automation, first of all, for its private link takes longest.')
module automation 'modules/automation.bicep' = {
  name: '06-automation'
  params: {
    location: location
    suffix: suffix
    publicNetworkAccess: automationPublicNetworkAccess
    workerGroupName: workerGroupName
    workspaceResourceId: observability.outputs.resourceId
  }
}

@description('Phase 6: the worker. Apart, so that it need not wait for zones and endpoints.')
module worker 'modules/worker.bicep' = {
  name: '06-worker'
  params: {
    location: location
    suffix: suffix
    size: workerSize
    image: workerImage
    pythonPath: workerPythonPath
    home: workerHome
    adminUsername: workerAdminUsername
    adminPublicKey: workerAdminPublicKey
    subnetResourceId: network.outputs.subnetResourceIds.worker
    identityResourceId: identity.outputs.resourceId
    workspaceResourceId: observability.outputs.resourceId
  }
}

@description('Phase 6: the worker as one that takes jobs.')
module hybridWorker 'modules/hybrid-worker.bicep' = {
  name: '06-hybrid-worker'
  params: {
    location: location
    machineName: worker.outputs.name
    automationAccountName: automation.outputs.name
    workerGroupName: automation.outputs.workerGroupName
    hybridServiceUrl: automation.outputs.hybridServiceUrl
  }
}

@description('Phase 6.')
module foundation 'phases/06-foundation.bicep' = {
  name: '06-foundation'
  params: {
    location: location
    suffix: suffix
    immutabilityDays: immutabilityDays
    storageRedundancy: storageRedundancy
    automationAccountName: automation.outputs.name
    automationAccountResourceId: automation.outputs.resourceId
    subnetResourceIds: network.outputs.subnetResourceIds
    zoneResourceIds: dns.outputs.zoneResourceIds
    workspaceResourceId: observability.outputs.resourceId
    assignments: ownRoles
    principalId: identity.outputs.principalId
    principalResourceId: identity.outputs.resourceId
    crossTenant: crossTenant
  }
}

@description('What the engine must know of the instance (docs/settings.md).')
module settings 'modules/engine-settings.bicep' = {
  name: '06-engine-settings'
  params: {
    settings: {
      arm_endpoint: armEndpoint
      automation_account: automation.outputs.name
      blob_endpoint: foundation.outputs.blobEndpoint
      customer_registry: foundation.outputs.registryLoginServer
      customer_registry_name: foundation.outputs.registryName
      dcr_immutable_id: observability.outputs.ruleImmutableId
      event_hub_namespace: foundation.outputs.eventHubFullyQualifiedNamespace
      image_tag: imageTag
      instance_id: instanceId
      key_vault_url: security.outputs.vaultUri
      log_workspace_id: observability.outputs.workspaceId
      logs_ingestion_endpoint: observability.outputs.logsIngestionEndpoint
      name_suffix: suffix
      private_networks: [
        virtualNetworkPrefix
      ]
      publisher_registry: publisherRegistry
      queue_endpoint: foundation.outputs.queueEndpoint
      release_keys: releaseKeys
      release_repository: releaseRepository
      release_threshold: releaseThreshold
      resource_group: resourceGroup().name
      subscription_id: subscription().subscriptionId
      table_endpoint: foundation.outputs.tableEndpoint
      tenant_id: identity.outputs.tenantId
      uami_client_id: identity.outputs.clientId
      worker_group: workerGroupName
    }
    overrides: engineSettings
  }
}

// --- phases 7 and 8: the first actions ----------------------------------------------------------------------

@description('Phase 7. Gate of phases 1 to 6: the first action needs every way in and out, and its roles.')
module artifacts 'phases/07-artifacts.bicep' = {
  name: '07-artifacts'
  params: {
    location: location
    workerName: worker.outputs.name
    steps: steps
    settingsWord: settings.outputs.word
    bundleDigest: bundleDigest
    bundleRepository: bundleRepository
    deploymentAttempt: deploymentAttempt
    publisherTokenName: publisherTokenName
    publisherTokenPassword: publisherVault.getSecret(publisherTokenSecretName)
  }
  dependsOn: [
    hybridWorker
    insightsRoles
    monitorEndpoint
    networkDiagnostics
    observabilityRoles
  ]
}

@description('Phase 8. Gate of phase 7.')
module runbooks 'phases/08-runbooks.bicep' = {
  name: '08-runbooks'
  params: {
    location: location
    workerName: worker.outputs.name
    steps: steps
    settingsWord: settings.outputs.word
    bundleDigest: bundleDigest
    bundleRepository: bundleRepository
    deploymentAttempt: deploymentAttempt
  }
  dependsOn: [
    artifacts
  ]
}

// --- phases 9 to 13: infrastructure as soon as it can, actions behind their gates (D8) ----------------------

@description('Phase 9.')
module database 'phases/09-database.bicep' = {
  name: '09-database'
  params: {
    location: location
    suffix: suffix
    size: databaseSize
    highAvailability: databaseHighAvailability
    endpointSubnetResourceId: network.outputs.subnetResourceIds.endpoints
    zoneResourceIds: dns.outputs.zoneResourceIds
    workspaceResourceId: observability.outputs.resourceId
    tenantId: identity.outputs.tenantId
    administratorName: identity.outputs.name
    administratorPrincipalId: identity.outputs.principalId
  }
}

@description('Phase 9: the schema. Gate of phase 8.')
module migrations 'modules/run-command.bicep' = if (contains(ready, 'migrate_database')) {
  name: '09-migrate-database'
  params: {
    location: location
    workerName: worker.outputs.name
    verb: 'migrate_database'
    steps: steps
    settingsWord: settings.outputs.word
    bundleDigest: bundleDigest
    bundleRepository: bundleRepository
    deploymentAttempt: deploymentAttempt
  }
  dependsOn: [
    runbooks
    database
  ]
}

@description('Phase 10. Its apps pull their images at once, so the images come first.')
module apps 'phases/10-apps.bicep' = {
  name: '10-apps'
  params: {
    location: location
    suffix: suffix
    instanceId: instanceId
    planSize: appPlanSize
    imageTag: imageTag
    armEndpoint: armEndpoint
    registryLoginServer: foundation.outputs.registryLoginServer
    blobEndpoint: foundation.outputs.blobEndpoint
    queueEndpoint: foundation.outputs.queueEndpoint
    tableEndpoint: foundation.outputs.tableEndpoint
    vaultUri: security.outputs.vaultUri
    eventHubNamespaceName: foundation.outputs.eventHubNamespaceName
    eventHubName: foundation.outputs.eventHubName
    eventHubFullyQualifiedNamespace: foundation.outputs.eventHubFullyQualifiedNamespace
    logsIngestionEndpoint: observability.outputs.logsIngestionEndpoint
    ruleImmutableId: observability.outputs.ruleImmutableId
    insightsConnectionString: observability.outputs.insightsConnectionString
    subnetResourceIds: network.outputs.subnetResourceIds
    zoneResourceIds: dns.outputs.zoneResourceIds
    workspaceResourceId: observability.outputs.resourceId
    tenantId: identity.outputs.tenantId
    clientId: identity.outputs.clientId
    assignments: ownRoles
    principalId: identity.outputs.principalId
    principalResourceId: identity.outputs.resourceId
    crossTenant: crossTenant
    actionGroupAssignments: filter(rbac, row => contains(row, 'principal'))
    alertRules: loadJsonContent('alert_rules.json').rules
  }
  dependsOn: [
    artifacts
  ]
}

@description('Phase 10: every app pinned to its digest. Gate of phase 9.')
module appPinning 'modules/run-command.bicep' = if (contains(ready, 'deploy_apps')) {
  name: '10-deploy-apps'
  params: {
    location: location
    workerName: worker.outputs.name
    verb: 'deploy_apps'
    steps: steps
    settingsWord: settings.outputs.word
    bundleDigest: bundleDigest
    bundleRepository: bundleRepository
    deploymentAttempt: deploymentAttempt
  }
  dependsOn: [
    runbooks
    database
    migrations
    apps
  ]
}

@description('Phase 11.')
module cluster 'phases/11-airbyte.bicep' = {
  name: '11-airbyte'
  params: {
    location: location
    suffix: suffix
    nodeSize: clusterNodeSize
    nodeCount: clusterNodeCount
    networkName: network.outputs.name
    subnetResourceId: network.outputs.subnetResourceIds.cluster
    zoneResourceId: dns.outputs.zoneResourceIds.aks
    zoneName: dns.outputs.aksZoneName
    workspaceResourceId: observability.outputs.resourceId
    tenantId: identity.outputs.tenantId
    clientId: identity.outputs.clientId
    assignments: ownRoles
    principalId: identity.outputs.principalId
    principalResourceId: identity.outputs.resourceId
    crossTenant: crossTenant
  }
}

@description('Phase 11: Airbyte. Gate of phase 10.')
module airbyte 'modules/run-command.bicep' = if (contains(ready, 'deploy_airbyte')) {
  name: '11-deploy-airbyte'
  params: {
    location: location
    workerName: worker.outputs.name
    verb: 'deploy_airbyte'
    steps: steps
    settingsWord: settings.outputs.word
    bundleDigest: bundleDigest
    bundleRepository: bundleRepository
    deploymentAttempt: deploymentAttempt
  }
  dependsOn: [
    apps
    appPinning
    migrations
    cluster
  ]
}

@description('Phase 12.')
module gateway 'phases/12-gateway.bicep' = {
  name: '12-gateway'
  params: {
    location: location
    suffix: suffix
    subnetResourceId: network.outputs.subnetResourceIds.gateway
    customerAddressRanges: customerAddressRanges
    publisherAddressRanges: publisherAddressRanges
    hostName: '${instanceId}.${instanceDomain}'
    airbyteAddress: network.outputs.airbyteAddress
    deploymentAttempt: deploymentAttempt
    vaultUri: security.outputs.vaultUri
    workerName: worker.outputs.name
    clientId: identity.outputs.clientId
    identityResourceId: identity.outputs.resourceId
    workspaceResourceId: observability.outputs.resourceId
  }
  // Its Run Command and the extension would change the machine at the same time.
  dependsOn: [
    hybridWorker
  ]
}

@description('Phase 13.')
module ai 'phases/13-ai.bicep' = {
  name: '13-ai'
  params: {
    location: location
    suffix: suffix
    searchSize: searchSize
    endpointSubnetResourceId: network.outputs.subnetResourceIds.endpoints
    zoneResourceIds: dns.outputs.zoneResourceIds
    workspaceResourceId: observability.outputs.resourceId
    assignments: ownRoles
    principalId: identity.outputs.principalId
    principalResourceId: identity.outputs.resourceId
    crossTenant: crossTenant
  }
}

@description('Phase 13: indexes and agents. Gate of phase 12.')
module aiBootstrap 'modules/run-command.bicep' = if (contains(ready, 'bootstrap_ai')) {
  name: '13-bootstrap-ai'
  params: {
    location: location
    workerName: worker.outputs.name
    verb: 'bootstrap_ai'
    steps: steps
    settingsWord: settings.outputs.word
    bundleDigest: bundleDigest
    bundleRepository: bundleRepository
    deploymentAttempt: deploymentAttempt
  }
  dependsOn: [
    airbyte
    gateway
    ai
  ]
}

// --- phases 14 and 15: what was deployed, and how it is -----------------------------------------------------

@description('Phase 14. Gate of phases 9 to 13.')
module registry 'phases/14-registry.bicep' = {
  name: '14-registry'
  params: {
    location: location
    workerName: worker.outputs.name
    steps: steps
    settingsWord: settings.outputs.word
    bundleDigest: bundleDigest
    bundleRepository: bundleRepository
    deploymentAttempt: deploymentAttempt
  }
  dependsOn: [
    runbooks
    database
    migrations
    apps
    appPinning
    cluster
    airbyte
    gateway
    ai
    aiBootstrap
  ]
}

@description('Phase 15. Gate of phase 14.')
module health 'phases/15-health.bicep' = {
  name: '15-health'
  params: {
    location: location
    workerName: worker.outputs.name
    steps: steps
    settingsWord: settings.outputs.word
    bundleDigest: bundleDigest
    bundleRepository: bundleRepository
    deploymentAttempt: deploymentAttempt
  }
  dependsOn: [
    registry
  ]
}

// --- what the publisher's bootstrap needs -------------------------------------------------------------------

@description('Id of the instance.')
output instanceId string = instanceId

@description('Suffix of every resource\'s name.')
output nameSuffix string = suffix

@description('Name under which the instance will be reached, once the publisher has made its record.')
output fullyQualifiedDomainName string = '${instanceId}.${instanceDomain}'

@description('Entra tenant of the customer, which a notification does not tell.')
output tenantId string = identity.outputs.tenantId

@description('Address that the record must point to.')
output gatewayPublicAddress string = gateway.outputs.publicAddress

@description('Id of the Application Gateway, whose certificate the publisher provides.')
output gatewayResourceId string = gateway.outputs.resourceId

@description('Id of the Automation account, whose runbooks the publisher starts.')
output automationAccountResourceId string = automation.outputs.resourceId

@description('Worker group that the runbooks must be started on.')
output workerGroupName string = workerGroupName

@description('Name of the Key Vault.')
output keyVaultName string = security.outputs.name

@description('Name of the container registry.')
output containerRegistryName string = foundation.outputs.registryName

@description('Id of vibedata-uami.')
output identityResourceId string = identity.outputs.resourceId

@description('Client id of vibedata-uami.')
output identityClientId string = identity.outputs.clientId

@description('Object id of vibedata-uami.')
output identityPrincipalId string = identity.outputs.principalId

@description('Id of the Log Analytics workspace.')
output workspaceResourceId string = observability.outputs.resourceId

@description('Id of this deployment, which is the operation of all its rows.')
output deploymentAttempt string = deploymentAttempt
