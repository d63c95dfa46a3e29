// How a refusal becomes a Python exception.
#pragma once

#include <pybind11/pybind11.h>

#include "base/clock.hpp"
#include "base/refusal.hpp"

namespace authjwks::bindings {

namespace py = pybind11;

void bind_errors(py::module_& module);

/// The slug of a refusal, made in advance where its exception is registered.
py::object slug_of(Errc code);

/// Sets the Python exception that is registered for a refusal. Its text is the table's, and never part of a token.
/// @param refusal  its claim is an attribute of the exception, where there is one. @param retry_after  an attribute of
/// the exception where keys are unavailable, in whole seconds, at least one.
void set_error(Refusal refusal, Clock::duration retry_after = {});

/// Raises that exception.
[[noreturn]] void raise_error(Refusal refusal, Clock::duration retry_after = {});

}  // namespace authjwks::bindings
