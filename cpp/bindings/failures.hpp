// Failures of fetches, as Python sees them.
#pragma once

#include <optional>

#include <pybind11/pybind11.h>

#include "net/fetch.hpp"

namespace authjwks::bindings {

/// (code, stage, url, status, cause, advice), in the words of _core.FETCH_FAULTS; None for no failure.
pybind11::object failure_or_none(const std::optional<FetchFailure>& failure);

void bind_failures(pybind11::module_& module);

}  // namespace authjwks::bindings
