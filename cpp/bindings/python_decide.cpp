#include "bindings/python_decide.hpp"

#include <exception>
#include <string>

#include "bindings/python_call.hpp"

namespace authjwks::bindings {
namespace {

namespace py = pybind11;

TrustDecision read_decision(const py::object& decision) {
    if (decision.ptr() == Py_True) return {TrustDecision::Kind::trusted};
    if (PyUnicode_Check(decision.ptr()) == 0) return {TrustDecision::Kind::not_trusted};
    Py_ssize_t size = 0;
    const char* const url = PyUnicode_AsUTF8AndSize(decision.ptr(), &size);
    if (url == nullptr) PyErr_Clear();  // a surrogate, which is in no URL
    if (url == nullptr || size == 0) return {TrustDecision::Kind::not_trusted};
    return {TrustDecision::Kind::trusted, std::string(url, static_cast<std::size_t>(size))};
}

/// Called with the GIL held, and throws nothing, as the caller has to release it.
TrustDecision call_decide(PyObject* function, const std::string& issuer) {
    try {
        const py::str name(issuer);
        if (!py::cast<bool>(name.attr("isprintable")())) return {TrustDecision::Kind::not_trusted};
        const auto decision = call_python(function, name);
        if (!decision) throw py::error_already_set();
        return read_decision(decision);
    } catch (py::error_already_set& error) {
        if (error.matches(PyExc_KeyboardInterrupt)) PyErr_SetInterrupt();
    } catch (const std::exception&) {
        return {TrustDecision::Kind::failed};  // no memory
    }
    return {TrustDecision::Kind::failed};
}

}  // namespace

DecideTrust make_python_decide(const py::function& decide) {
    return [function = share(decide)](const std::string& issuer) {
        const PyGILState_STATE held = or_never(PyGILState_Ensure);
        auto decision = call_decide(function.get(), issuer);
        PyGILState_Release(held);
        return decision;
    };
}

}  // namespace authjwks::bindings
