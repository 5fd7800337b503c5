-- Models that read the text of pictures, for documents.
alter table self_hosted_models drop constraint self_hosted_models_task_check;
alter table self_hosted_models add constraint self_hosted_models_task_check check (task in ('chat', 'embedding', 'speech',
    'transcription', 'end_of_turn', 'text_recognition', 'segmentation', 'video', 'inpainting', 'interpolation', 'upscaling',
    'face', 'matting'));
