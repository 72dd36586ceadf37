metadata description = 'Runs one verb of the engine on the worker and waits for it (D2); vibedata/day0.py does the same from outside.'

@description('Required. Region of the worker.')
param location string

@description('Required. Name of the worker\'s virtual machine.')
param workerName string

@description('Required. The verb, as in sequence.json.')
param verb string

@description('Required. The steps of sequence.json; the verb\'s own row says phase, arguments, secrets and timeout.')
param steps array

@description('Required. The engine\'s settings as one word.')
param settingsWord string

@description('Required. Digest of the first engine bundle: the root of trust (D3).')
param bundleDigest string

@description('Required. Repository of the first engine bundle in the publisher\'s registry.')
param bundleRepository string

@description('Required. Id of this deployment; another value makes the command run again.')
param deploymentAttempt string

@description('Conditional. Name of the publisher\'s pull token. Required if the verb\'s row lists the secret `publisher`.')
param publisherTokenName string = ''

@secure()
@description('Conditional. Password of the publisher\'s pull token. Required if the verb\'s row lists the secret `publisher`.')
param publisherTokenPassword string = ''

var step = filter(steps, row => row.step == verb)[0]
var isJob = step.as == 'job'
var needsPublisher = contains(step.secrets, 'publisher')

// The envelope of D4, its fields in the order that the engine itself writes them in.
var envelope = {
  args: isJob
    ? {
        args: step.args
        runbook: verb
      }
    : step.args
  bundle: null
  operationId: deploymentAttempt
  schema: 1
  verb: isJob ? 'start_job' : verb
}
var envelopeWord = replace(replace(replace(base64(string(envelope)), '+', '-'), '/', '_'), '=', '')

resource worker 'Microsoft.Compute/virtualMachines@2026-04-01' existing = {
  name: workerName
}

resource command 'Microsoft.Compute/virtualMachines/runCommands@2026-04-01' = {
  parent: worker
  name: 'phase-${padLeft(step.phase, 2, '0')}-${replace(verb, '_', '-')}'
  location: location
  properties: {
    source: {
      script: loadTextContent('../../runbooks/bootstrap.py')
    }
    parameters: [
      {
        name: 'VIBEDATA_ATTEMPT'
        value: deploymentAttempt
      }
      {
        name: 'VIBEDATA_BUNDLE'
        value: bundleDigest
      }
      {
        name: 'VIBEDATA_BUNDLE_REPOSITORY'
        value: bundleRepository
      }
      {
        name: 'VIBEDATA_ENVELOPE'
        value: envelopeWord
      }
      {
        name: 'VIBEDATA_SETTINGS'
        value: settingsWord
      }
    ]
    protectedParameters: needsPublisher
      ? [
          {
            name: 'VIBEDATA_PUBLISHER_PASSWORD'
            value: publisherTokenPassword
          }
          {
            name: 'VIBEDATA_PUBLISHER_USERNAME'
            value: publisherTokenName
          }
        ]
      : []
    timeoutInSeconds: step.timeoutSeconds
    asyncExecution: false
    treatFailureAsDeploymentFailure: true
  }
}

@description('Name of the Run Command.')
output name string = command.name

@description('Id of the Run Command.')
output resourceId string = command.id
