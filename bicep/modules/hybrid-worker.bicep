metadata description = 'Registers the worker with Automation: group, then worker, then extension, for it asks for the first two at once.'

@description('Required. Region.')
param location string

@description('Required. Name of the worker\'s machine.')
param machineName string

@description('Required. Name of the Automation account.')
param automationAccountName string

@description('Required. Name of the hybrid worker group.')
param workerGroupName string

@description('Required. Address that the worker asks for jobs.')
param hybridServiceUrl string

resource machine 'Microsoft.Compute/virtualMachines@2026-04-01' existing = {
  name: machineName
}

resource automationAccount 'Microsoft.Automation/automationAccounts@2024-10-23' existing = {
  name: automationAccountName
}

resource workerGroup 'Microsoft.Automation/automationAccounts/hybridRunbookWorkerGroups@2024-10-23' existing = {
  parent: automationAccount
  name: workerGroupName
}

// Its name follows from the machine, so that a second deployment registers no second worker.
resource worker 'Microsoft.Automation/automationAccounts/hybridRunbookWorkerGroups/hybridRunbookWorkers@2024-10-23' = {
  parent: workerGroup
  name: guid(machine.id, workerGroup.id)
  properties: {
    vmResourceId: machine.id
  }
}

resource extension 'Microsoft.Compute/virtualMachines/extensions@2026-04-01' = {
  parent: machine
  name: 'HybridWorkerForLinux'
  location: location
  properties: {
    publisher: 'Microsoft.Azure.Automation.HybridWorker'
    type: 'HybridWorkerForLinux'
    typeHandlerVersion: '1.1'
    autoUpgradeMinorVersion: true
    enableAutomaticUpgrade: true
    settings: {
      AutomationAccountURL: hybridServiceUrl
    }
  }
  // The extension asks for its worker at once, and fails for good if there is none.
  dependsOn: [
    worker
  ]
}

@description('Name of the worker in its group.')
output name string = worker.name

@description('Id of the worker in its group.')
output resourceId string = worker.id
