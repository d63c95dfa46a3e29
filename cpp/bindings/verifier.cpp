#include "bindings/verifier.hpp"

#include <chrono>
#include <memory>
#include <new>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <pybind11/stl.h>

#include "bindings/convert.hpp"
#include "bindings/errors.hpp"
#include "engine/authenticator.hpp"

namespace authjwks::bindings {
namespace {

using Verdict = std::optional<Result<json::Object>>;
using Judge = Verdict (*)(const Authenticator&, std::string_view, Scratch&, Instant);

Verdict judge_waiting(const Authenticator& authenticator, std::string_view token, Scratch& scratch, Instant now) {
    return authenticator.authenticate(token, scratch, now);
}

Verdict judge_warm(const Authenticator& authenticator, std::string_view token, Scratch& scratch, Instant now) {
    return authenticator.authenticate_warm(token, scratch, now);
}

/// Null for an object whose __init__ never ran.
const Authenticator* authenticator_of(PyObject* self) {
    return static_cast<Authenticator*>(
        reinterpret_cast<py::detail::instance*>(self)->get_value_and_holder().value_ptr());
}

/// The token's characters where they lie. A token is ASCII; any other text is none, and is not converted to find out.
std::optional<std::string_view> borrow(PyObject* token) {
    if (PyUnicode_Check(token) == 0) {
        PyErr_SetString(PyExc_TypeError, "token must be a str");
        return std::nullopt;
    }
#if PY_VERSION_HEX < 0x030C0000
    if (PyUnicode_READY(token) != 0) return std::nullopt;
#endif
    if (PyUnicode_IS_ASCII(token) == 0) {
        set_error(Errc::bad_base64url);
        return std::nullopt;
    }
    return std::string_view(static_cast<const char*>(PyUnicode_DATA(token)),
                            static_cast<std::size_t>(PyUnicode_GET_LENGTH(token)));
}

/// Borrows with the GIL, judges without it, converts with it. A str never changes and the caller holds it, so the view
/// outlives the release. The macros, not a guard object: its destructor would abort a daemon thread at interpreter exit.
PyObject* run(PyObject* self, PyObject* token, Judge judge, std::optional<Instant> at) {
    const Authenticator* const authenticator = authenticator_of(self);
    if (authenticator == nullptr) {
        PyErr_SetString(PyExc_TypeError, "Verifier.__init__() was not called");
        return nullptr;
    }
    const auto text = borrow(token);
    if (!text) return nullptr;
    try {
        const LentScratch scratch;
        Verdict verdict;
        std::exception_ptr failure;
        Py_BEGIN_ALLOW_THREADS
        try {
            verdict = judge(*authenticator, *text, *scratch, at.value_or(std::chrono::system_clock::now()));
        } catch (...) {
            failure = std::current_exception();
        }
        Py_END_ALLOW_THREADS
        if (failure) std::rethrow_exception(failure);
        if (!verdict) Py_RETURN_NONE;
        if (*verdict) return to_dict(**verdict);
        const Errc code = verdict->error();
        set_error(code, code == Errc::keys_unavailable ? std::optional(authenticator->source().retry_after())
                                                       : std::nullopt);
    } catch (const std::bad_alloc&) {
        PyErr_NoMemory();
    } catch (const std::exception&) {
        PyErr_SetString(PyExc_RuntimeError, "the native core failed");
    }
    return nullptr;
}

PyObject* verify(PyObject* self, PyObject* token) { return run(self, token, judge_waiting, std::nullopt); }

PyObject* verify_warm(PyObject* self, PyObject* token) { return run(self, token, judge_warm, std::nullopt); }

PyObject* verify_at(PyObject* self, PyObject* const* args, Py_ssize_t count) {
    if (count != 2) {
        PyErr_SetString(PyExc_TypeError, "verify_at() takes a token and a time");
        return nullptr;
    }
    const double now = PyFloat_AsDouble(args[1]);
    if (now == -1.0 && PyErr_Occurred() != nullptr) return nullptr;
    return run(self, args[0], judge_waiting, Instant{Seconds{now}});
}

/// pybind11's own dispatcher costs more than a warm verdict's bookkeeping, so these are plain C functions.
PyMethodDef hot_methods[]{
    {"verify", verify, METH_O,
     "verify($self, token, /)\n--\n\nThe claims of a token that passed every check; waits for keys when there are none."},
    {"verify_warm", verify_warm, METH_O,
     "verify_warm($self, token, /)\n--\n\nAs verify, but None where a verdict would need to wait for keys."},
    {"verify_at", reinterpret_cast<PyCFunction>(reinterpret_cast<void (*)()>(verify_at)), METH_FASTCALL,
     "verify_at($self, token, now, /)\n--\n\nAs verify, judged at now, seconds since the epoch."},
};

std::unique_ptr<Authenticator> make_verifier(std::shared_ptr<KeySource> source,
                                             std::optional<std::vector<std::string>> issuers,
                                             std::optional<std::vector<std::string>> audiences,
                                             std::vector<std::string> algorithms, double leeway,
                                             std::vector<std::string> required_claims,
                                             std::optional<std::vector<std::string>> token_types,
                                             std::size_t max_token_bytes) {
    return std::make_unique<Authenticator>(
        std::move(source), Policy({.issuers = std::move(issuers),
                                   .audiences = std::move(audiences),
                                   .token_types = std::move(token_types),
                                   .algorithms = std::move(algorithms),
                                   .required_claims = std::move(required_claims),
                                   .leeway = Seconds{leeway},
                                   .max_token_bytes = max_token_bytes}));
}

}  // namespace

void bind_verifier(py::module_& module) {
    py::class_<Authenticator> type(module, "Verifier", "Judges tokens by one source of keys and one policy. Immutable.",
                                   py::is_final());
    type.def(py::init(&make_verifier), py::arg("source").none(false), py::arg("issuers"), py::arg("audiences"),
             py::arg("algorithms"), py::arg("leeway"), py::arg("required_claims"), py::arg("token_types"),
             py::arg("max_token_bytes"));
    for (PyMethodDef& method : hot_methods) {
        const auto descriptor = py::reinterpret_steal<py::object>(
            PyDescr_NewMethod(reinterpret_cast<PyTypeObject*>(type.ptr()), &method));
        if (!descriptor) throw py::error_already_set();
        type.attr(method.ml_name) = descriptor;
    }
}

}  // namespace authjwks::bindings
