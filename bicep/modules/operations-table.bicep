metadata description = 'The table VibeData_Operations_CL, and the rule that lets rows in; both from the one definition of its columns.'

@description('Required. Region of the workspace and the rule.')
param location string

@description('Required. The definition: operations_columns.json.')
param definition object

@description('Required. Name of the workspace.')
param workspaceName string

@description('Required. Name of the data collection rule.')
param ruleName string

@description('Required. Id of the data collection endpoint: a workspace behind a private link scope takes rows through no other.')
param endpointResourceId string

@minValue(4)
@maxValue(730)
@description('Required. Days that rows stay queryable.')
param retentionInDays int

@minValue(4)
@maxValue(4383)
@description('Required. Days that rows are kept in all.')
param totalRetentionInDays int

resource workspace 'Microsoft.OperationalInsights/workspaces@2026-03-01' existing = {
  name: workspaceName
}

resource table 'Microsoft.OperationalInsights/workspaces/tables@2026-03-01' = {
  parent: workspace
  name: definition.table
  properties: {
    plan: 'Analytics'
    retentionInDays: retentionInDays
    totalRetentionInDays: totalRetentionInDays
    schema: {
      name: definition.table
      columns: [
        for column in definition.columns: {
          name: column.name
          // The table's interface spells this one type in its own way.
          type: column.type == 'datetime' ? 'dateTime' : column.type
          description: column.description
        }
      ]
    }
  }
}

resource rule 'Microsoft.Insights/dataCollectionRules@2024-03-11' = {
  name: ruleName
  location: location
  kind: 'Direct'
  properties: {
    description: 'Rows of ${definition.table}, as the engine writes them.'
    dataCollectionEndpointId: endpointResourceId
    streamDeclarations: {
      '${definition.stream}': {
        columns: [
          for column in definition.columns: {
            name: column.name
            type: column.type
          }
        ]
      }
    }
    destinations: {
      logAnalytics: [
        {
          name: 'workspace'
          workspaceResourceId: workspace.id
        }
      ]
    }
    dataFlows: [
      {
        streams: [
          definition.stream
        ]
        destinations: [
          'workspace'
        ]
        transformKql: 'source'
        outputStream: 'Custom-${definition.table}'
      }
    ]
  }
  dependsOn: [
    table
  ]
}

resource diagnostics 'Microsoft.Insights/diagnosticSettings@2021-05-01-preview' = {
  scope: rule
  name: 'workspace'
  properties: {
    workspaceId: workspace.id
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

@description('Name of the data collection rule.')
output name string = rule.name

@description('Id of the data collection rule.')
output resourceId string = rule.id

@description('Immutable id of the rule, by which rows are sent to it.')
output immutableId string = rule.properties.immutableId
