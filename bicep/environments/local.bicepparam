using '../main.bicep'

// The local stack: one tenant, loopback addresses, the publisher that the demo seeds.
// A release sets the environment variables; without them the values show the shape, and nothing trusts them.

param instanceId = 'demo'
param crossTenant = false

param publisherRegistry = 'crpublisherdemo.azurecr.io'
param releaseKeys = [
  readEnvironmentVariable('VIBEDATA_RELEASE_KEY', 'ed25519:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA')
]
param bundleRepository = 'vibedata/bundle'
param bundleDigest = readEnvironmentVariable('VIBEDATA_BUNDLE_DIGEST', 'sha256:0000000000000000000000000000000000000000000000000000000000000000')
param imageTag = readEnvironmentVariable('VIBEDATA_IMAGE_TAG', 'day0')
param publisherVaultSubscriptionId = '00000000-0000-0000-0000-000000000000'
param publisherVaultResourceGroup = 'rg-publisher-demo'
param publisherVaultName = 'kv-publisher-demo'
param publisherTokenSecretName = 'acr-token'
param publisherTokenName = 'customer-pull'

param virtualNetworkPrefix = '127.77.0.0/16'
param customerAddressRanges = [
  '127.0.0.0/8'
]
param publisherAddressRanges = [
  '127.0.0.0/8'
]

param workerAdminPublicKey = readEnvironmentVariable('VIBEDATA_WORKER_PUBLIC_KEY', 'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA nobody')
