/* Passkeys: the browser makes or uses one, the form carries what came of it to the server. */
const CANNOT='This browser cannot use passkeys. Use a newer one, or a code from your authenticator app.';
const WHY={
  NotAllowedError:'The browser ended it: it was not confirmed, or nobody answered in time. Nothing was changed. Try again.',
  InvalidStateError:'This device holds a passkey of yours already.',
  SecurityError:'Passkeys work where this page has a name, such as localhost, not at a number like 127.0.0.1.'};
const able=()=>typeof PublicKeyCredential==='function'&&PublicKeyCredential.parseRequestOptionsFromJSON;
function say(form,text){const p=form.querySelector('[data-passkey-said]');p.textContent=text;p.hidden=!text}
async function asked(form){
  if(form.dataset.options)return JSON.parse(form.dataset.options);
  const answer=await fetch(form.action,{headers:{'X-Requested-With':'XMLHttpRequest'}});
  if(!answer.ok)throw new Error('There were too many tries. Wait a minute, then try again.');
  return(await answer.json()).request_options}
async function prove(form,making){
  const {publicKey}=await asked(form);
  return making
    ?navigator.credentials.create({publicKey:PublicKeyCredential.parseCreationOptionsFromJSON(publicKey)})
    :navigator.credentials.get({publicKey:PublicKeyCredential.parseRequestOptionsFromJSON(publicKey)})}
document.addEventListener('click',async e=>{
  const button=e.target.closest('[data-passkey]');if(!button)return;
  const form=button.form;
  if(!able())return say(form,CANNOT);
  if(!form.reportValidity())return;
  say(form,'');button.disabled=true;
  try{
    const made=await prove(form,button.dataset.passkey==='make');
    form.elements.credential.value=JSON.stringify(made.toJSON());
    form.submit()}
  catch(error){say(form,WHY[error.name]||error.message)}
  finally{button.disabled=false}
});
