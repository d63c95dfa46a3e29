// IssuerRegistry for Python: many trusted issuers behind one verifier.
#pragma once

#include <pybind11/pybind11.h>

namespace authjwks::bindings {

void bind_issuer_registry(pybind11::module_& module);

}  // namespace authjwks::bindings
