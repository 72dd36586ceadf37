metadata description = 'Encodes the engine\'s settings (docs/settings.md) once, for every Run Command: base64url of a JSON document.'

@description('Required. The settings that follow from the resources, by name.')
param settings object

@description('Required. Settings given for this environment; they win.')
param overrides object

// base64url without padding, as bootstrap.py takes it: a Run Command's parameter is one plain word (D4).
var word = replace(replace(replace(base64(string(union(settings, overrides))), '+', '-'), '/', '_'), '=', '')

@description('The settings as one word.')
output word string = word
