// A Fetch by a Python function.
#pragma once

#include <pybind11/pybind11.h>

#include "net/fetch.hpp"

namespace authjwks::bindings {

/// A Fetch that calls `fetch(url, headers, timeout)`, which returns `(status, headers, body)`. Whatever it raises
/// counts as `unreachable`, and so does a request of another method than GET, for which it is not called.
Fetch make_python_fetch(const pybind11::function& fetch);

}  // namespace authjwks::bindings
