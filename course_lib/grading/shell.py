"""The trusted shell: runs an assignment's own cells where no submission's code ever runs."""

import ast
import builtins
import symtable

import matplotlib
from IPython.core.displayhook import DisplayHook
from IPython.core.displaypub import DisplayPublisher
from IPython.core.interactiveshell import InteractiveShell
from IPython.utils.io import capture_output
from nbformat.v4 import new_output


class _Publisher(DisplayPublisher):
    outputs = None

    def publish(self, data, metadata=None, **options):
        self.outputs.append(new_output("display_data", dict(data), metadata=metadata or {}))


class _Hook(DisplayHook):
    outputs = None

    def __call__(self, result=None):
        if result is None:
            return
        self.update_user_ns(result)
        data, metadata = self.shell.display_formatter.format(result)
        if data:
            output = new_output("execute_result", dict(data), metadata=metadata or {})
            output["execution_count"] = self.shell.execution_count
            self.outputs.append(output)


class TrustedShell(InteractiveShell):
    """An IPython shell in this process, without kernel, whose outputs are collected."""

    # Reports display themselves richly where the shell has a kernel; here its outputs are kept too.
    kernel = "none"
    displayhook_class = _Hook
    display_pub_class = _Publisher

    def init_history(self):
        """Keep no history: it would start a thread, and this process is about to fork."""
        from IPython.core.history import HistoryManager

        self.history_manager = HistoryManager(shell=self, parent=self, enabled=False)
        self.configurables.append(self.history_manager)

    def _showtraceback(self, etype, evalue, stb):
        self.outputs.append(
            new_output("error", ename=etype.__name__, evalue=str(evalue), traceback=list(stb))
        )

    def run(self, source):
        """Run a cell.

        Returns:
            Its outputs as a notebook keeps them, and whether it ran to its end.
        """
        self.outputs = self.display_pub.outputs = self.displayhook.outputs = []
        with capture_output(display=False) as printed:
            result = self.run_cell(source, store_history=True, silent=False)
        streams = [
            new_output("stream", name=name, text=text)
            for name, text in (("stdout", printed.stdout), ("stderr", printed.stderr))
            if text
        ]
        return [*streams, *self.outputs], bool(result.success)


def make_shell():
    """Return the shell of this process; figures are drawn into memory, and shown nowhere."""
    matplotlib.use("agg")
    shell = TrustedShell.instance()
    shell.enable_gui = lambda gui=None: None
    return shell


def used_names(source):
    """Return the global names that a cell reads, in order; none if it does not parse."""
    tree = parsed(source)
    if tree is None:
        return []
    free = _free_names(symtable.symtable(ast.unparse(tree), "cell", "exec"))
    nodes = ast.walk(tree)
    found = [n.id for n in nodes if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Load)]
    return [n for n in dict.fromkeys(found) if n in free and not hasattr(builtins, n)]


def _free_names(table):
    """Return the names that a scope and those within it read from the cell's own."""
    top = table.get_type() == "module"
    symbols = [one for one in table.get_symbols() if one.is_referenced()]
    free = {one.get_name() for one in symbols if top or one.is_global()}
    return free.union(*(_free_names(child) for child in table.get_children()))


def bound_names(source):
    """Return all names that a cell may bind at its top level, in blocks and by imports too."""
    tree = parsed(source)
    if tree is None:
        return set()
    table = symtable.symtable(ast.unparse(tree), "cell", "exec")
    symbols = table.get_symbols()
    return {one.get_name() for one in symbols if one.is_assigned() or one.is_imported()}


def defined_names(source):
    """Return the names that a cell defines at its top level: functions, classes, variables."""
    tree = parsed(source)
    names = []
    for node in tree.body if tree else ():
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            names.append(node.name)
        elif isinstance(node, ast.Assign | ast.AnnAssign | ast.AugAssign):
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            names += [
                n.id for target in targets for n in ast.walk(target) if isinstance(n, ast.Name)
            ]
    return list(dict.fromkeys(names))


def parsed(source):
    """Return the cell's tree, without IPython's own syntax, or None if it does not parse."""
    from IPython.core.inputtransformer2 import TransformerManager

    try:
        return ast.parse(TransformerManager().transform_cell(source))
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None
