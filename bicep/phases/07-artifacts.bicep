metadata description = 'Phase 7, Artifact Bootstrap: the release comes from the publisher\'s registry into the customer\'s, and into Blob.'

@description('Required. Region of the worker.')
param location string

@description('Required. Name of the worker\'s machine.')
param workerName string

@description('Required. The steps of sequence.json.')
param steps array

@description('Required. The engine\'s settings as one word.')
param settingsWord string

@description('Required. Digest of the first engine bundle (D3).')
param bundleDigest string

@description('Required. Repository of the first engine bundle in the publisher\'s registry.')
param bundleRepository string

@description('Required. Id of this deployment (D2).')
param deploymentAttempt string

@description('Required. Name of the publisher\'s pull token.')
param publisherTokenName string

@secure()
@description('Required. Password of the publisher\'s pull token.')
param publisherTokenPassword string

@description('The Run Command, which fails the deployment when the verb fails.')
module command '../modules/run-command.bicep' = {
  name: '07-import-artifacts'
  params: {
    location: location
    workerName: workerName
    verb: 'import_artifacts'
    steps: steps
    settingsWord: settingsWord
    bundleDigest: bundleDigest
    bundleRepository: bundleRepository
    deploymentAttempt: deploymentAttempt
    publisherTokenName: publisherTokenName
    publisherTokenPassword: publisherTokenPassword
  }
}

@description('Name of the Run Command.')
output name string = command.outputs.name

@description('Id of the Run Command.')
output resourceId string = command.outputs.resourceId
