"""Templates and styles of the grader's pages, and where nbconvert finds them."""

from importlib.util import find_spec
from pathlib import Path

_OURS = Path(__file__).parent
_NBGRADER = Path(find_spec("nbgrader").origin).parent
# nbconvert takes the first that it finds; the formgrader's own page is nbgrader's.
FOLDERS = [str(_OURS), str(_NBGRADER / "server_extensions" / "formgrader" / "templates")]
