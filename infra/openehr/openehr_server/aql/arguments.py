"""The values of a query: from the request into the arguments of the SQL statement, never into its text."""

from collections.abc import Mapping
from typing import Any

from openehr_server.aql.syntax import Literal, Operand, Parameter
from openehr_server.errors import BadRequest, InternalError


class Arguments:
    """`bound` are the arguments so far, in the order of their placeholders."""

    def __init__(self, parameters: Mapping[str, Any]) -> None:
        self._parameters = parameters
        self.bound: list[object] = []

    def bind(self, value: object) -> str:
        """The placeholder for a value."""
        self.bound.append(value)
        return f"${len(self.bound)}"

    def values(self, operands: tuple[Operand, ...]) -> list[Any]:
        """A list given for a parameter stands for its elements.

        Raises InternalError for a missing or null parameter, as EHRbase fails on it, and BadRequest for an object.
        """
        values: list[Any] = []
        for operand in operands:
            value = operand.value if isinstance(operand, Literal) else self._given(operand)
            values += value if isinstance(value, list) else [value]
        if any(value is None or isinstance(value, dict | list) for value in values):
            raise InternalError
        return values

    def single(self, operand: Operand) -> Any:
        """One value; InternalError where a list holds another number of them."""
        values = self.values((operand,))
        if len(values) != 1:
            raise InternalError
        return values[0]

    def _given(self, parameter: Parameter) -> Any:
        value = self._parameters.get(parameter.name)
        if isinstance(value, dict) and "type" not in value:
            raise BadRequest(f"Type of parameter '{parameter.name}' is not supported")
        return value
