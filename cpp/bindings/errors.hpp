// The one door from a refusal in C++ to a Python exception.
#pragma once

#include <pybind11/pybind11.h>

#include "base/clock.hpp"
#include "base/error.hpp"

namespace authjwks::bindings {

namespace py = pybind11;

void bind_errors(py::module_& module);

/// Sets the Python exception that is registered for `code`. It carries the table's words, never the token's.
/// @param retry_after  told with keys_unavailable; rounded up to whole seconds, at least one.
void set_error(Errc code, Clock::duration retry_after = {});

}  // namespace authjwks::bindings
