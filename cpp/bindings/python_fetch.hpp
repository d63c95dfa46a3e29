// A Python function as the way to the network.
#pragma once

#include <pybind11/pybind11.h>

#include "net/fetch.hpp"

namespace authjwks::bindings {

/// A Fetch that calls `fetch(url, headers, timeout)` and takes `(status, headers, body)`; whatever it raises is
/// `unreachable`. Only for threads that Python knows.
Fetch make_python_fetch(const pybind11::function& fetch);

}  // namespace authjwks::bindings
