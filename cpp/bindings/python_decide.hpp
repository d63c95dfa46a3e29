// Decisions about issuers by a Python function.
#pragma once

#include <pybind11/pybind11.h>

#include "engine/trust_decision.hpp"

namespace authjwks::bindings {

/// Calls `decide(issuer)`: True trusts the issuer, a URL trusts it and says where its keys are, and anything else does
/// not. An exception is a failure to decide. An issuer that is not printable is not trusted, without a call: it would
/// be named in logs.
DecideTrust make_python_decide(const pybind11::function& decide);

}  // namespace authjwks::bindings
