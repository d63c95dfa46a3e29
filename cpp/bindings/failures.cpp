#include "bindings/failures.hpp"

#include <cstddef>

#include "bindings/convert.hpp"

namespace authjwks::bindings {
namespace {

py::tuple fault_rows() {
    const auto faults = fetch_faults();
    py::tuple rows(faults.size());
    for (std::size_t row = 0; row < faults.size(); ++row)
        rows[row] = py::make_tuple(text(faults[row].slug), text(faults[row].problem), text(faults[row].advice));
    return rows;
}

}  // namespace

py::object failure_or_none(const std::optional<FetchFailure>& failure) {
    if (!failure) return py::none();
    const auto& row = describe(failure->fault);
    return py::make_tuple(text(row.slug), text(name_of(failure->stage)), text(failure->url), failure->status,
                          text(failure->cause), text(failure->hint.empty() ? row.advice : failure->hint));
}

void bind_failures(py::module_& module) { module.attr("FETCH_FAULTS") = fault_rows(); }

}  // namespace authjwks::bindings
