# The modules in the order of their dependencies (design: each knows only those before it).
set(QUIVER_MODULES base config domain identity trust registry policy observe store api server cli)

set(below "")
foreach(module IN LISTS QUIVER_MODULES)
  file(GLOB sources CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/src/${module}/*.c)
  if(NOT sources)
    continue()
  endif()
  add_library(quiver_${module} STATIC ${sources})
  target_include_directories(quiver_${module} PUBLIC ${CMAKE_SOURCE_DIR}/include
                             PRIVATE ${CMAKE_SOURCE_DIR}/src/${module})
  target_link_libraries(quiver_${module} PUBLIC ${below} PkgConfig::JANSSON Threads::Threads)
  list(PREPEND below quiver_${module})
endforeach()

target_link_libraries(quiver_base PUBLIC PkgConfig::OPENSSL PkgConfig::YAML)
if(TARGET quiver_identity)
  target_link_libraries(quiver_identity PUBLIC PkgConfig::CURL)
endif()
if(TARGET quiver_domain)
  target_link_libraries(quiver_domain PUBLIC PkgConfig::PCRE2)
endif()
if(TARGET quiver_policy)
  # The rules as they are shipped are compiled in.
  set(rules ${CMAKE_SOURCE_DIR}/config/policy.yaml)
  set(generated ${CMAKE_BINARY_DIR}/generated/policy_data.h)
  add_custom_command(OUTPUT ${generated}
    COMMAND ${CMAKE_COMMAND} -DOUT=${generated} -DFILE=${rules} -DNAME=qv_policy_yaml
            -P ${CMAKE_SOURCE_DIR}/cmake/embed_file.cmake
    DEPENDS ${rules} ${CMAKE_SOURCE_DIR}/cmake/embed_file.cmake)
  target_sources(quiver_policy PRIVATE ${generated})
  target_include_directories(quiver_policy PRIVATE ${CMAKE_BINARY_DIR}/generated)
endif()
if(TARGET quiver_store)
  target_link_libraries(quiver_store PUBLIC PkgConfig::HIREDIS PkgConfig::H2O)
  # The packaged pkg-config file does not say which loop the library was built for.
  target_compile_definitions(quiver_store PRIVATE H2O_USE_LIBUV=0)
  # Lua scripts are compiled in: common.lua is put before each of the others.
  file(GLOB scripts CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/src/store/*.lua)
  set(generated ${CMAKE_BINARY_DIR}/generated/store_scripts_data.h)
  add_custom_command(OUTPUT ${generated}
    COMMAND ${CMAKE_COMMAND} -DOUT=${generated} -DDIR=${CMAKE_SOURCE_DIR}/src/store
            -P ${CMAKE_SOURCE_DIR}/cmake/embed_lua.cmake
    DEPENDS ${scripts} ${CMAKE_SOURCE_DIR}/cmake/embed_lua.cmake)
  target_sources(quiver_store PRIVATE ${generated})
  target_include_directories(quiver_store PRIVATE ${CMAKE_BINARY_DIR}/generated)
endif()
if(TARGET quiver_observe)
  target_compile_definitions(quiver_observe PRIVATE QUIVER_VERSION="${PROJECT_VERSION}")
endif()
if(TARGET quiver_api)
  # The description of the endpoints is compiled in.
  set(openapi ${CMAKE_SOURCE_DIR}/docs/openapi.json)
  set(generated ${CMAKE_BINARY_DIR}/generated/openapi_data.h)
  add_custom_command(OUTPUT ${generated}
    COMMAND ${CMAKE_COMMAND} -DOUT=${generated} -DFILE=${openapi} -DNAME=qv_openapi_json
            -P ${CMAKE_SOURCE_DIR}/cmake/embed_file.cmake
    DEPENDS ${openapi} ${CMAKE_SOURCE_DIR}/cmake/embed_file.cmake)
  target_sources(quiver_api PRIVATE ${generated})
  target_include_directories(quiver_api PRIVATE ${CMAKE_BINARY_DIR}/generated)
endif()
if(TARGET quiver_server)
  target_link_libraries(quiver_server PUBLIC PkgConfig::H2O PkgConfig::SYSTEMD)
  target_compile_definitions(quiver_server PRIVATE H2O_USE_LIBUV=0)
endif()

if(TARGET quiver_cli)
  target_link_libraries(quiver_cli PUBLIC PkgConfig::SYSTEMD)
endif()

if(EXISTS ${CMAKE_SOURCE_DIR}/src/main.c)
  add_executable(quiver src/main.c)
  target_link_libraries(quiver PRIVATE ${below})
  target_compile_definitions(quiver PRIVATE QUIVER_VERSION="${PROJECT_VERSION}")
  set_target_properties(quiver PROPERTIES POSITION_INDEPENDENT_CODE ON)
endif()
