metadata description = 'The alert rules, as alert_rules.json has them.'

@description('Required. Region of the workspace.')
param location string

@minLength(13)
@maxLength(13)
@description('Required. Suffix of every name (D11).')
param suffix string

@description('Required. The rows of alert_rules.json.')
param rules array

@description('Required. Id of the workspace that the rules ask.')
param workspaceResourceId string

@description('Required. Id of the action group that hears of it.')
param actionGroupResourceId string

resource queryRules 'Microsoft.Insights/scheduledQueryRules@2026-03-01' = [
  for rule in rules: {
    name: 'alert-${rule.name}-${suffix}'
    location: location
    kind: 'LogAlert'
    properties: {
      displayName: rule.displayName
      description: rule.description
      severity: rule.severity
      enabled: rule.enabled
      scopes: [
        workspaceResourceId
      ]
      evaluationFrequency: rule.evaluationFrequency
      windowSize: rule.windowSize
      overrideQueryTimeRange: rule.?overrideQueryTimeRange
      criteria: {
        allOf: [
          {
            criterionType: 'StaticThresholdCriterion'
            query: join(rule.query, '\n')
            timeAggregation: rule.timeAggregation
            metricMeasureColumn: rule.?metricMeasureColumn
            operator: rule.operator
            threshold: rule.threshold
            dimensions: [
              for name in rule.dimensions: {
                name: name
                operator: 'Include'
                values: [
                  '*'
                ]
              }
            ]
            failingPeriods: {
              numberOfEvaluationPeriods: 1
              minFailingPeriodsToAlert: 1
            }
          }
        ]
      }
      autoMitigate: rule.autoMitigate
      // A table that gets its first row later does not exist yet when the rule is made.
      skipQueryValidation: rule.skipQueryValidation
      actions: {
        actionGroups: [
          actionGroupResourceId
        ]
        customProperties: {
          vibedataRule: rule.name
        }
      }
    }
  }
]

@description('Names of the rules.')
output names array = [for rule in rules: 'alert-${rule.name}-${suffix}']
