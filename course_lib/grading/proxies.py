"""Functions on either side of the sandbox's wall, as the trusted side has them."""

from course_lib.grading.inside.codec import MalformedError, RefusedError


class Proxy:
    """A function that lives in the student's process.

    Attributes:
        channel: the `Channel` to it.
        number: its number there.
        student_module: the module in which the function says that it was made.
    """

    __module__ = "student"

    def __init__(self, channel, number, described):
        self.__name__ = described.name or "function"
        self.__qualname__ = described.qualname or self.__name__
        self.__doc__ = described.doc
        self.student_module = described.module
        self.channel, self.number = channel, number
        if described.signature is not None:
            self.__signature__ = described.signature

    def __call__(self, *args, **kwargs):
        return self.call_watched(args, kwargs, ())[0]

    def call_watched(self, args, kwargs, modules, training=None):
        """Call the function and return its value and the forbidden functions that it called.

        Args:
            args: positional arguments; what the function changes in them is changed here too.
            kwargs: keyword arguments.
            modules: prefixes of names of modules, as `CallWatcher` takes them.
            training: if a dictionary, the call is made over there by `call_in_training`, with
                these keyword arguments.

        Raises:
            Exception: what the function raised, if it is listed, else a `StudentError`; with
                the attributes `student_line` and `student_found`.
        """
        return self.channel.call(self.number, args, kwargs, modules, training)

    def __repr__(self):
        return f"<function {self.__qualname__} of the student>"

    def __copy__(self):
        return self

    def __deepcopy__(self, memo):
        return self


class Handed:
    """The functions that were handed over with one call, and the student's that came back."""

    def __init__(self, channel):
        self.channel = channel
        self._functions = {}

    def encode(self, function):
        """Return the node of a function: the student's own by its number, another by a new one."""
        if isinstance(function, Proxy):
            if function.channel is not self.channel:
                raise RefusedError("a function of another student cannot be handed over")
            return ["function", "student", function.number, {}]
        number = self.channel.next_function()
        self._functions[number] = function
        name = str(getattr(function, "__name__", type(function).__name__))
        return ["function", "trusted", number, {"name": name}]

    def find(self, number):
        """Return the function of a number, or None."""
        return self._functions.get(number) if type(number) is int else None

    def decode(self, side, number, facts):
        """Return the function that a node stands for."""
        if side == "trusted":
            function = self.channel.function(number)
            if function is None:
                raise MalformedError("what came back holds a function that was not handed over")
            return function
        if side != "student" or type(number) is not int or not 0 <= number < 2**31:
            raise MalformedError("what came back holds a function of nobody")
        return self.channel.proxy_of(number, facts)
