#include "bindings/convert.hpp"

#include <algorithm>
#include <array>
#include <memory>
#include <span>
#include <string_view>

#include "bindings/dict_shape.hpp"
#include "bindings/string_pool.hpp"

namespace authjwks::bindings {
namespace {

/// Never destroyed: Python objects cannot be released after the end of the interpreter.
StringPool& pool() {
    static auto& only = *std::make_unique<StringPool>().release();
    return only;
}

DictShapes& shapes() {
    static auto& only = *std::make_unique<DictShapes>().release();
    return only;
}

PyObject* to_object(json::Value value);

PyObject* to_list(json::Array array) {
    PyObject* const list = PyList_New(static_cast<Py_ssize_t>(array.size()));
    if (list == nullptr) return nullptr;
    Py_ssize_t index = 0;
    for (const json::Value item : array) {
        PyObject* const converted = to_object(item);
        if (converted == nullptr) {
            Py_DECREF(list);
            return nullptr;
        }
        PyList_SET_ITEM(list, index++, converted);
    }
    return list;
}

/// A text of a token, shared with other tokens that have the same; without the GIL it is not, as threads would contend
/// for its count of references.
PyObject* to_text(std::string_view text) {
#ifdef Py_GIL_DISABLED
    return PyUnicode_DecodeUTF8(text.data(), static_cast<Py_ssize_t>(text.size()), "strict");
#else
    return pool().get(text);
#endif
}

PyObject* to_object(json::Value value) {
    using json::Kind;
    switch (json::kind_of(value)) {
        case Kind::text: return to_text(*json::text_of(value));
        case Kind::signed_number: return PyLong_FromLongLong(*json::as<std::int64_t>(value));
        case Kind::unsigned_number: return PyLong_FromUnsignedLongLong(*json::as<std::uint64_t>(value));
        case Kind::real_number: return PyFloat_FromDouble(*json::as<double>(value));
        case Kind::boolean: return PyBool_FromLong(*json::as<bool>(value) ? 1 : 0);
        case Kind::null: Py_RETURN_NONE;
        case Kind::array: return to_list(*json::as<json::Array>(value));
        case Kind::object: return to_dict(*json::as<json::Object>(value));
    }
    Py_RETURN_NONE;
}

/// Sets a member. @param name null after a failed conversion. @return whether it was done.
bool put(PyObject* dict, PyObject* name, json::Value value) {
    PyObject* const converted = name == nullptr ? nullptr : to_object(value);
    const bool done = converted != nullptr && PyDict_SetItem(dict, name, converted) == 0;
    Py_XDECREF(converted);
    return done;
}

PyObject* grow_dict(json::Object object) {
    auto dict = pybind11::reinterpret_steal<pybind11::object>(PyDict_New());
    if (!dict) return nullptr;
    for (const auto [name, value] : object) {
        const auto key = pybind11::reinterpret_steal<pybind11::object>(pool().get(name));
        if (!put(dict.ptr(), key.ptr(), value)) return nullptr;
    }
    return dict.release().ptr();
}

/// The names of an object's members, as str objects.
class Names {
  public:
    Names() = default;
    ~Names() {
        for (PyObject* const name : all()) Py_DECREF(name);
    }
    Names(const Names&) = delete;
    Names& operator=(const Names&) = delete;

    /// @return false with a Python exception set.
    bool read(json::Object object) {
        return std::ranges::all_of(object, [this](const auto& member) { return add(member.key); });
    }
    std::span<PyObject* const> all() const { return std::span(names_).first(count_); }

  private:
    bool add(std::string_view name) {
        PyObject* const text = pool().get(name);
        if (text != nullptr) names_[count_++] = text;
        return text != nullptr;
    }

    std::array<PyObject*, DictShapes::kMaxNames> names_{};
    std::size_t count_ = 0;
};

/// @param object  has at most DictShapes::kMaxNames members.
PyObject* copy_shape(json::Object object) {
    Names names;
    if (!names.read(object)) return nullptr;
    auto dict = pybind11::reinterpret_steal<pybind11::object>(shapes().make(names.all()));
    if (!dict) return nullptr;
    auto name = names.all().begin();
    for (const auto member : object)
        if (!put(dict.ptr(), *name++, member.value)) return nullptr;
    return dict.release().ptr();
}

}  // namespace

PyObject* to_dict(json::Object object) {
    return object.size() <= DictShapes::kMaxNames ? copy_shape(object) : grow_dict(object);
}

bool is_claim_name(PyObject* text) { return pool().is_pinned(text); }

void intern_claim_names() {
    for (const char* name : {"iss",          "sub",
                             "aud",          "exp",
                             "nbf",          "iat",
                             "jti",          "azp",
                             "scope",        "scp",
                             "client_id",    "roles",
                             "permissions",  "groups",
                             "email",        "email_verified",
                             "name",         "given_name",
                             "family_name",  "preferred_username",
                             "sid",          "typ",
                             "acr",          "amr",
                             "auth_time",    "nonce",
                             "cnf",          "tid",
                             "oid",          "ver",
                             "gty",          "token_use",
                             "realm_access", "resource_access",
                             "country",      "type"})
        pool().pin(name);
}

}  // namespace authjwks::bindings
