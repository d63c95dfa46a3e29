// Verifier for Python, the hot path of the library, and Pending, a verdict that waits for an issuer.
#pragma once

#include <pybind11/pybind11.h>

#include "jose/claims.hpp"
#include "keys/wait_policy.hpp"

namespace authjwks::bindings {

void bind_verifier(pybind11::module_& module);

/// The claims of a token, or a Pending. @param self  a Verifier. @return a new reference, or null with a Python
/// exception set.
PyObject* verify_token(PyObject* self, PyObject* token, Instant now, WaitPolicy wait);

/// Whether `object` is a Verifier, and verify_token() may be called for it.
bool is_verifier(pybind11::handle object);

}  // namespace authjwks::bindings
