"""What functions take and give, one overload a line: `?` optional, `...` repeated, `|` one of."""

TABLE = """\
any(any) any
concat(...array) array
concat(...string|int|bool) string
cidrSubnet(string, int, int) string
cidrHost(string, int) string
parseCidr(string) parsedCidr
buildUri(object) string
parseUri(string) any
format(string, ...any) string
base64(string) string
padLeft(int|string, int, ?string) string
replace(string, string, string) string
toLower(string) string
toUpper(string) string
length(object|string) int
length(array) int
split(string, string|array) string[]
join(any[], string) string
string(any) string
int(int|string) int
uniqueString(...string) string
guid(...string) string
trim(string) string
uri(string, string) string
substring(string, int, ?int) string
take(array, int) array
take(string, int) string
skip(array, int) array
skip(string, int) string
empty(null|object|array|string) bool
contains(object, string) bool
contains(array, any) bool
contains(string, string) bool
intersection(...object) object
intersection(...array) array
union(...object) object
union(...array) array
shallowMerge(object[]) object
first(array) any
first(string) string
last(array) any
last(string) string
indexOf(string, string) int
indexOf(array, any) int
lastIndexOf(string, string) int
lastIndexOf(array, any) int
startsWith(string, string) bool
endsWith(string, string) bool
distinct(array) array
like(string, string) bool
min(...int) int
min(int[]) int
max(...int) int
max(int[]) int
range(int, int) int[]
base64ToString(string) string
base64ToJson(string) any
uriComponentToString(string) string
uriComponent(string) string
dataUriToString(string) string
dataUri(any) string
array(any) array
coalesce(...any) any
bool(any) bool
json(string) any
dateTimeAdd(string, string, ?string) string
dateTimeToEpoch(?string) int
dateTimeFromEpoch(?int) string
utcNow(?string) string
newGuid() string
loadTextContent(string, ?string) string
loadFileAsBase64(string) string
loadJsonContent(string, ?string, ?string) any
loadYamlContent(string, ?string, ?string) any
loadDirectoryFileInfo(string, ?string) any
items(object) any[]
objectKeys(object) string[]
flatten(array[]) array
filter(array, any) array
map(array, any) array
mapValues(object, any) any
sort(array, any) array
reduce(array, any, any) any
toObject(array, any, ?any) object
groupBy(array, any, ?any) any
nameof(any) string
fail(string) never
tenant() tenant
managementGroup() managementGroup
managementGroup(string) managementGroup
subscription() subscription
subscription(string) subscription
resourceGroup() resourceGroup
resourceGroup(string) resourceGroup
resourceGroup(string, string) resourceGroup
deployment() any
deployer() deployer
environment() environment
resourceId(string, ...string) string
subscriptionResourceId(string, ...string) string
tenantResourceId(string, ...string) string
extensionResourceId(string, string, ...string) string
managementGroupResourceId(string, ...string) string
roleDefinitions(string) roleDefinition
providers(string) any
providers(string, string) any
toLogicalZone(string, string, string) string
toLogicalZones(string, string, array) string[]
toPhysicalZone(string, string, string) string
toPhysicalZones(string, string, array) string[]
pickZones(string, string, string, ?int, ?int) array
reference(string, ?string, ?string) object
list*(string, string, ?object) any
"""
