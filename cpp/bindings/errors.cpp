#include "bindings/errors.hpp"

#include <algorithm>
#include <array>
#include <chrono>
#include <set>
#include <stdexcept>
#include <string>
#include <string_view>

#include "bindings/convert.hpp"

namespace authjwks::bindings {
namespace {

/// The objects for raising a row of kErrors, made in advance so that refusals are cheap. Never released.
struct Prepared {
    PyObject* type = nullptr;
    PyObject* sentence = nullptr;
    PyObject* slug = nullptr;
};

std::array<Prepared, kErrors.size()> prepared{};
PyObject* code_name = nullptr;

py::tuple error_rows() {
    py::tuple rows(kErrors.size());
    for (std::size_t row = 0; row < kErrors.size(); ++row)
        rows[row] =
            py::make_tuple(text(name_of(kErrors[row].stage)), text(kErrors[row].slug), text(kErrors[row].sentence));
    return rows;
}

void register_errors(const py::dict& types) {
    std::set<std::string_view> slugs;
    for (const ErrorInfo& row : kErrors) {
        if (!types.contains(text(row.slug))) throw py::value_error("no class for " + std::string(row.slug));
        slugs.insert(row.slug);
    }
    if (slugs.size() != types.size()) throw py::value_error("a class for a slug that does not exist");
    for (std::size_t row = 0; row < kErrors.size(); ++row)
        prepared[row] = {py::object(types[text(kErrors[row].slug)]).release().ptr(),
                         text(kErrors[row].sentence).release().ptr(), text(kErrors[row].slug).release().ptr()};
    code_name = py::str("code").release().ptr();
    PyUnicode_InternInPlace(&code_name);
}

}  // namespace

void bind_errors(py::module_& module) {
    module.attr("ERRORS") = error_rows();
    module.def("register_errors", &register_errors, py::arg("types"),
               "Name the exception class for each slug of ERRORS.");
}

py::object slug_of(Errc code) {
    PyObject* const slug = prepared[static_cast<std::size_t>(code)].slug;
    return slug == nullptr ? text(describe(code).slug) : py::reinterpret_borrow<py::object>(slug);
}

void set_error(Refusal refusal, Clock::duration retry_after) {
    const auto& [type, sentence, slug] = prepared[static_cast<std::size_t>(refusal.code)];
    if (type == nullptr) {
        PyErr_SetString(PyExc_RuntimeError, "authjwks._core is used without authjwks");
        return;
    }
    const auto error = py::reinterpret_steal<py::object>(PyObject_CallOneArg(type, sentence));
    if (!error || PyObject_SetAttr(error.ptr(), code_name, slug) != 0) return;
    if (!refusal.claim.empty()) error.attr("claim") = text(refusal.claim);
    if (is_for_lack_of_keys(refusal.code)) {
        const auto seconds = std::chrono::ceil<std::chrono::seconds>(retry_after).count();
        error.attr("retry_after") = py::int_(std::max<std::chrono::seconds::rep>(1, seconds));
    }
    PyErr_SetObject(type, error.ptr());
}

void raise_error(Refusal refusal, Clock::duration retry_after) {
    set_error(refusal, retry_after);
    throw py::error_already_set();
}

}  // namespace authjwks::bindings
