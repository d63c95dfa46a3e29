#include "bindings/verifier.hpp"

#include <chrono>
#include <cmath>
#include <memory>
#include <new>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include <pybind11/stl.h>

#include "bindings/bare_new.hpp"
#include "bindings/cached_claims.hpp"
#include "bindings/convert.hpp"
#include "bindings/errors.hpp"
#include "bindings/python_call.hpp"
#include "bindings/without_gil.hpp"
#include "engine/authenticator.hpp"

namespace authjwks::bindings {
namespace {

/// An authenticator, and whom to tell what its sources went through.
struct BoundVerifier {
    Authenticator authenticator;
    py::object on_events;  ///< called with a KeySource that has events, or is due in Python; may be None
};

/// Null for an object whose __init__ never ran.
const BoundVerifier* verifier_of(PyObject* self) {
    return static_cast<BoundVerifier*>(
        reinterpret_cast<py::detail::instance*>(self)->get_value_and_holder().value_ptr());
}

/// The token's characters where they lie. A token is ASCII; any other text is none, and is not converted to find out.
std::optional<std::string_view> borrow(PyObject* token) {
    const bool is_text = PyUnicode_Check(token) != 0;
    if (token == Py_None || (is_text && PyUnicode_GET_LENGTH(token) == 0)) {
        set_error(Errc::missing_token);
        return std::nullopt;
    }
    if (!is_text) {
        set_error(Errc::not_three_parts);
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

/// Events wait for a caller who holds the GIL. A failure to tell them never changes a verdict.
void dispatch_events(const BoundVerifier& verifier, const std::shared_ptr<KeySource>& source) {
    if (!source || !(source->has_events() || source->has_due_work()) || verifier.on_events.is_none()) return;
    try {
        if (!call_python(verifier.on_events.ptr(), py::make_tuple(source))) throw py::error_already_set();
    } catch (py::error_already_set& error) {
        discard(error);
    }
}

/// Keeps the claims of a token that passed. Whether that can be done changes nothing for its bearer.
void remember(const BoundVerifier& verifier, std::string_view token, const Verdict& passed, PyObject* claims) {
    if (verifier.authenticator.cache() == nullptr) return;
    try {
        auto kept = PythonClaims::of(claims);
        if (kept == nullptr)
            PyErr_Clear();
        else
            verifier.authenticator.remember(token, passed, std::move(kept));
    } catch (const std::bad_alloc&) {
        return;
    }
}

/// Borrows with the GIL, judges without it, converts with it. A str never changes and the caller holds it, so the view
/// outlives the release.
PyObject* run(PyObject* self, PyObject* token, WaitPolicy wait, std::optional<Instant> at) {
    const BoundVerifier* const verifier = verifier_of(self);
    if (verifier == nullptr) {
        PyErr_SetString(PyExc_TypeError, "Verifier.__init__() was not called");
        return nullptr;
    }
    const auto text = borrow(token);
    if (!text) return nullptr;
    try {
        const Instant now = at.value_or(std::chrono::system_clock::now());
        if (const auto known = verifier->authenticator.recall(*text, now)) {
            dispatch_events(*verifier, known->source);
            return static_cast<const PythonClaims&>(*known->token->claims).copy();
        }
        const ScratchLease scratch;
        const auto verdict =
            without_gil([&] { return verifier->authenticator.authenticate(*text, *scratch, now, wait); });
        const auto* const outcome = std::get_if<Result<Accepted>>(&verdict.outcome);
        // A signal's handler may have raised during the wait, or be due: that comes before the failure of the wait.
        const bool refused = outcome != nullptr && !*outcome;
        if (PyErr_Occurred() != nullptr || (refused && PyErr_CheckSignals() != 0)) return nullptr;
        dispatch_events(*verifier, verdict.source);
        if (const auto* pending = std::get_if<Pending>(&verdict.outcome))
            return py::make_tuple(verdict.source, pending->is_conclusive).release().ptr();
        if (*outcome) {
            auto claims = py::reinterpret_steal<py::object>(to_dict((*outcome)->claims));
            if (claims) remember(*verifier, *text, verdict, claims.ptr());
            return claims.release().ptr();
        }
        set_error(outcome->error(), verdict.retry_after);
    } catch (const std::bad_alloc&) {
        PyErr_NoMemory();
    } catch (const std::exception&) {
        PyErr_SetString(PyExc_RuntimeError, "the native core failed");
    }
    return nullptr;
}

PyObject* verify(PyObject* self, PyObject* token) { return run(self, token, WaitPolicy::until_deadline, std::nullopt); }

PyObject* verify_warm(PyObject* self, PyObject* token) { return run(self, token, WaitPolicy::never, std::nullopt); }

PyObject* verify_finally(PyObject* self, PyObject* token) {
    return run(self, token, WaitPolicy::no_fetch, std::nullopt);
}

PyObject* verify_at(PyObject* self, PyObject* const* args, Py_ssize_t count) {
    if (count != 2) {
        PyErr_SetString(PyExc_TypeError, "verify_at() takes a token and a time");
        return nullptr;
    }
    const double now = PyFloat_AsDouble(args[1]);
    if (now == -1.0 && PyErr_Occurred() != nullptr) return nullptr;
    if (!std::isfinite(now)) {
        PyErr_SetString(PyExc_ValueError, "verify_at() takes a finite time");
        return nullptr;
    }
    return run(self, args[0], WaitPolicy::until_deadline, Instant{Seconds{now}});
}

/// pybind11's own dispatcher costs more than a warm verdict's bookkeeping, so these are plain C functions.
PyMethodDef hot_methods[]{
    {"verify", verify, METH_O,
     "verify($self, token, /)\n--\n\nThe claims of a token that passed every check; waits for keys when there are none."},
    {"verify_warm", verify_warm, METH_O,
     "verify_warm($self, token, /)\n--\n\nAs verify, but (source to attend to, whether that settles it) where a verdict would have to wait."},
    {"verify_finally", verify_finally, METH_O,
     "verify_finally($self, token, /)\n--\n\nAs verify, with what is at hand after the source was attended to."},
    {"verify_at", reinterpret_cast<PyCFunction>(reinterpret_cast<void (*)()>(verify_at)), METH_FASTCALL,
     "verify_at($self, token, now, /)\n--\n\nAs verify, judged at now, seconds since the epoch."},
};

using CacheLimits = std::pair<std::size_t, std::size_t>;  // bytes, entries
using Keys = std::variant<std::shared_ptr<KeySource>, std::shared_ptr<IssuerRegistry>>;

std::unique_ptr<BoundVerifier> make_verifier(Keys keys, std::optional<std::vector<std::string>> issuers,
                                             std::optional<std::vector<std::string>> audiences,
                                             std::vector<std::string> algorithms, double leeway,
                                             std::vector<std::string> required_claims,
                                             std::optional<std::vector<std::string>> token_types,
                                             std::size_t max_token_bytes, py::object on_events,
                                             std::optional<CacheLimits> token_cache) {
    Policy policy({.issuers = std::move(issuers),
                   .audiences = std::move(audiences),
                   .token_types = std::move(token_types),
                   .algorithms = std::move(algorithms),
                   .required_claims = std::move(required_claims),
                   .leeway = Seconds{leeway},
                   .max_token_bytes = max_token_bytes});
    std::unique_ptr<TokenCache> cache;
    if (token_cache) cache = std::make_unique<TokenCache>(TokenCache::Limits{token_cache->first, token_cache->second});
    return std::visit(
        [&](auto& where) {
            return std::make_unique<BoundVerifier>(Authenticator(std::move(where), std::move(policy), std::move(cache)),
                                                   std::move(on_events));
        },
        keys);
}

std::optional<py::dict> cache_report(const BoundVerifier& verifier) {
    const TokenCache* const cache = verifier.authenticator.cache();
    if (cache == nullptr) return std::nullopt;
    const auto report = cache->report();
    py::dict words;
    words["hits"] = report.hits;
    words["misses"] = report.misses;
    words["evictions"] = report.evictions;
    words["entries"] = report.entries;
    words["bytes"] = report.bytes;
    return words;
}

}  // namespace

void bind_verifier(py::module_& module) {
    py::class_<BoundVerifier> type(module, "Verifier", "Judges tokens by one source of keys and one policy. Immutable.",
                                   py::is_final());
    refuse_bare_new(type);
    type.def(py::init(&make_verifier), py::arg("keys").none(false), py::arg("issuers"), py::arg("audiences"),
             py::arg("algorithms"), py::arg("leeway"), py::arg("required_claims"), py::arg("token_types"),
             py::arg("max_token_bytes"), py::arg("on_events"), py::arg("token_cache"));
    type.def("cache_report", &cache_report, "How the cache of tokens is doing; None without one.");
    for (PyMethodDef& method : hot_methods) {
        const auto descriptor =
            py::reinterpret_steal<py::object>(PyDescr_NewMethod(reinterpret_cast<PyTypeObject*>(type.ptr()), &method));
        if (!descriptor) throw py::error_already_set();
        type.attr(method.ml_name) = descriptor;
    }
}

}  // namespace authjwks::bindings
