"""What vulture takes for dead code and is not; `make check` reads this file beside the sources. By kind, and why."""

# ruff: noqa: B018, F821

# fields of an artifact: filled by a model's answer, stored as JSON, read by prompts and drafts by their key
_.model_config
_.genre
_.audience
_.appearance
_.personality
_.cliffhanger
_.emotional_arc
_.core_conflict
_.payoff
_.ending_beat
_.next_hook
_.atmosphere
_.intent
_.pose
_.bubble_space
_.image_prompt
_.quality
_.made_by
_.reference
_.loopable
_.master_mood
_.confidence
_._serialize
_.blind_spot_drives_action
_.completed_phase
_.core_object_or_event
_.emotional_tone
_.estimated_scenes
_.first_mover
_.gain
_.info_boundary
_.info_flow
_.initiator
_.irreversible_ending
_.loss_avoid
_.motivation
_.new_intensity
_.outline_summary
_.revision_suggestions
_.role_type
_.surface_event
_.visual_hook
_.vulnerability
_.necessity_derivation
_.validation_status

# fields of a row: every one is printed by `--json`, and some are only written
_.reused_from
_.i18n
_.image_input_tokens
_.image_output_tokens
_.price_source
_.parent_job_id
_.is_head
_.wasted_micros
_.ttft_p50
_.referred

# settings that only another process or a crash test reads
_.crash_at

# names that a library calls or reads: click, Dramatiq, SQLAlchemy, logging, Jinja, the OpenAI client, httpx, Streamlit
_.intra_op_num_threads
_.log_severity_level
_.list_commands
_.get_col_spec
_.get_command
_.format_commands
_.before_worker_boot
_.before_worker_shutdown
_.queue_prefetch
_.consumer_class
_.CONSUMER_RESTART_DELAY_SECS
_.inherit_cache
_.impl
_.cache_ok
_.load_dialect_impl
_.process_bind_param
_.self_group
against
_.comparator_factory
_.isolation_level
_.prepare_threshold
_.autocommit
_.exc_text
_.globals
_.organization
_.admin_api_key
_._custom_headers
_._ambient_authorizations
_.encoding
_.query_string
proxy

# `from workbench import Workbench`, loaded on first use
__getattr__

# for programs and notebooks, and for whoever writes a workflow (docs/workflows.md)
_.add_picture
_.add_clip
_.replay_group
_.list_stale_reasons
_.progress_range
_.add_image
_.add_video

# what tests go through: every crash point, every prompt file, one round of maintenance
POINTS
all_files
_.maintain

# called by migrations, which stay as they were released
trigger_statements
index_statements
rollup_trigger_statements
waste_trigger_statements
_.process_result_value

# for notebooks: whether a plan costs anything, how long jobs waited and ran
_.free
_.job_times
_.wait_p50
_.wait_p95
_.run_p50
_.run_p95

# a key of stored inputs, read with get()
fields_hash
used_hash

# fields of a TypedDict: callers name them
_.image_profile
_.video_profile

# read by SQLAlchemy from the context of an error
_.is_disconnect

# tests fill in a shipped prompt by its name
render


# workflows of other packages name theirs
_.purpose


_.trials
_.find_template

# a panel as the Studio shows it
_.edited_zh
_.edited_en
_.translated_back
_.pending

# set for python-docx, pysubs2 and fpdf2
_.page_height
_.page_width
_.left_margin
_.right_margin
_.bottom_margin
_.top_margin
_.author
_.space_after
_.space_before
_.alignment
_.base_style
_.left_indent
_.right_indent
_.bold
_.keep_with_next
_.plaintext
_.footer

# days of a time zone, for pages
_.day_of
_.starts_of_days

# called by OpenTelemetry's SDK
_.generate_trace_id
_.generate_span_id

# switches of Streamlit's
_.uses_pages_directory
_._delta_index_map

# questions of the client that notebooks ask
_.queue_waits

# fields of what an archive may hold, which pages read by key
_.compile_error
_.recovered
_.duration_ms
