"""The linter: rules that a file can break while it is right, at the levels that `bicepconfig.json` gives them."""

from local_stack.bicep.linter.checker import check as check
from local_stack.bicep.linter.configuration import Configuration as Configuration
from local_stack.bicep.linter.configuration import Unusable as Unusable
from local_stack.bicep.linter.configuration import nearest as nearest
