metadata description = 'Phase 14, Registry Bootstrap: an Automation job finds what was deployed and writes the component registry.'

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

@description('The Run Command, which fails the deployment when the verb fails.')
module command '../modules/run-command.bicep' = {
  name: '14-bootstrap-registry'
  params: {
    location: location
    workerName: workerName
    verb: 'bootstrap_registry'
    steps: steps
    settingsWord: settingsWord
    bundleDigest: bundleDigest
    bundleRepository: bundleRepository
    deploymentAttempt: deploymentAttempt
  }
}

@description('Name of the Run Command.')
output name string = command.outputs.name

@description('Id of the Run Command.')
output resourceId string = command.outputs.resourceId
