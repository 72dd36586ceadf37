using '../main.bicep'

// The two-tenant rig in Azure (docs/unproven.md): what the offer does, with the addresses of a test publisher.
// A release sets the environment variables; without them the values show the shape, and nothing trusts them.

param instanceId = readEnvironmentVariable('VIBEDATA_INSTANCE_ID', 'rig-0001')
param crossTenant = true

param publisherRegistry = readEnvironmentVariable('VIBEDATA_PUBLISHER_REGISTRY', 'crvibedatarig.azurecr.io')
param releaseKeys = [
  readEnvironmentVariable('VIBEDATA_RELEASE_KEY', 'ed25519:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA')
]
param bundleRepository = 'vibedata/bundle'
param bundleDigest = readEnvironmentVariable('VIBEDATA_BUNDLE_DIGEST', 'sha256:0000000000000000000000000000000000000000000000000000000000000000')
param imageTag = readEnvironmentVariable('VIBEDATA_IMAGE_TAG', 'day0')
param publisherVaultSubscriptionId = readEnvironmentVariable('VIBEDATA_PUBLISHER_SUBSCRIPTION_ID', '00000000-0000-0000-0000-000000000000')
param publisherVaultResourceGroup = 'rg-vibedata-publisher-rig'
param publisherVaultName = readEnvironmentVariable('VIBEDATA_PUBLISHER_VAULT', 'kv-vibedata-rig')
param publisherTokenSecretName = 'acr-token'
param publisherTokenName = 'customer-pull'

param virtualNetworkPrefix = '10.60.0.0/20'
param customerAddressRanges = [
  '198.51.100.0/24'
]
param publisherAddressRanges = [
  '203.0.113.0/24'
]

param workerAdminPublicKey = readEnvironmentVariable('VIBEDATA_WORKER_PUBLIC_KEY', 'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA nobody')
