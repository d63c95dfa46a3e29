// Verifier for Python: the hot path of the library.
#pragma once

#include <pybind11/pybind11.h>

namespace authjwks::bindings {

void bind_verifier(pybind11::module_& module);

}  // namespace authjwks::bindings
