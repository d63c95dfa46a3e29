// KeySource for Python: made from options, reported on, asked for single signatures.
#pragma once

#include <pybind11/pybind11.h>

namespace authjwks::bindings {

void bind_key_source(pybind11::module_& module);

}  // namespace authjwks::bindings
