// KeySource for Python: made from options, waited for, reported on.
#pragma once

#include <pybind11/pybind11.h>

#include "keys/key_source.hpp"

namespace authjwks::bindings {

void bind_key_source(pybind11::module_& module);

/// Waits, without the GIL, for the fetch that is in progress. @throws pybind11::error_already_set after a signal whose
/// handler raised.
void wait_for(KeySource& source);

}  // namespace authjwks::bindings
